"""Unseen classes: who is out of distribution after which task, and what is said where nobody is."""

import json
import types
from typing import Any

import numpy as np
import pytest

from braincl_jax.evaluators import Answers, Exam, UnseenClasses
from braincl_jax.evaluators.detection import CONFIDENCES, detect

CLASSES = ((0, 1), (2, 3), (4, 5))


def logits_of(task: int) -> np.ndarray:
    """Four images: class 0 for sure, unless they are of the last task."""
    logits = np.zeros((4, 6), np.float32)
    logits[:, 0] = np.arange(4) + (1 if task == 2 else 10)
    return logits


def exam_after(task: int, classes=CLASSES, tested_as=lambda task: task, unseen_logit=0.0) -> Exam:
    def ask(one: int) -> Answers:
        logits = logits_of(one)
        logits[:, sorted({*range(6)} - {*np.concatenate(classes[: task + 1])})] = unseen_logit
        return Answers(logits, np.repeat(classes[one], 2)[:4].astype(np.int32))

    nobody: Any = None
    stream: Any = types.SimpleNamespace(
        spec=types.SimpleNamespace(task_classes=classes), tested_as=tested_as
    )
    return Exam(task, stream, nobody, {}, nobody, nobody, ask, nobody)


def test_all_tasks_to_come_are_strange_and_all_so_far_are_not():
    after_first, after_second = (UnseenClasses().run(exam_after(task)) for task in (0, 1))
    # Task 1 is known as well as task 0, each image as sure; task 2 is told apart without fail.
    assert after_second["max_logit_auroc"] == 1
    assert after_second["max_logit_fpr_at_95_tpr"] == 0
    assert after_first["max_logit_auroc"] == pytest.approx(0.75)
    expected = detect(np.arange(10.0, 14), np.array([10.0, 11, 12, 13, 1, 2, 3, 4]))
    assert after_first["max_logit_aupr_out"] == pytest.approx(expected.aupr_out)
    assert after_first["max_logit_aupr_in"] == pytest.approx(expected.aupr_in)


def test_logits_of_unseen_classes_do_not_count():
    expected = UnseenClasses().run(exam_after(1, unseen_logit=-1e9))
    assert UnseenClasses().run(exam_after(1, unseen_logit=1e9)) == expected
    assert len(expected) == 4 * len(CONFIDENCES)


def test_after_the_last_task_and_where_tasks_are_domains_there_is_nothing_to_say():
    assert UnseenClasses().run(exam_after(2)) == {}
    domains = (tuple(range(6)),) * 3
    assert UnseenClasses().run(exam_after(0, domains, lambda task: 0)) == {}


def test_the_summary_has_null_where_nothing_was_said_and_the_mean_of_the_rest():
    figures = {task: UnseenClasses().run(exam_after(task)) for task in (2, 0, 1)}
    stream: Any = None
    summary = json.loads(json.dumps(UnseenClasses().summarise(figures, stream)))
    assert summary["unseen_classes"]["max_logit_auroc"] == [pytest.approx(0.75), 1, None]
    assert summary["unseen_max_logit_auroc"] == pytest.approx(0.875)
    assert {row.key for row in UnseenClasses.rows} <= set(summary)
    nothing = UnseenClasses().summarise({0: {}, 1: {}}, stream)
    assert nothing["unseen_energy_auroc"] is None
    assert nothing["unseen_classes"]["energy_auroc"] == [None, None]
