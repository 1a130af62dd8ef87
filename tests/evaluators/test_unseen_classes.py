"""Unseen classes: who is out of distribution after which task, and what is said where nobody is."""

import json
import types
from typing import Any

import numpy as np
import pytest

from braincl_jax.config import Config
from braincl_jax.evaluators import Answers, Exam, UnseenClasses
from braincl_jax.evaluators import unseen_classes as module
from braincl_jax.evaluators.detection import CONFIDENCES, detect
from braincl_jax.evaluators.nearest import unit

CLASSES = ((0, 1), (2, 3), (4, 5))


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch):
    monkeypatch.setattr(module, "remembered_features", lambda exam, most: None)


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


def test_who_remembers_has_nearest_features_of_some_images_of_either_side(tiny_stream, monkeypatch):
    def features(images):
        """How bright each quarter is: the class decides which one is brightest, and the first task knows two."""
        quarters = images.astype(np.float32).reshape(len(images), 4, -1)
        looked_at.append(len(images))
        return quarters.mean(-1)

    def ask(task: int) -> Answers:
        label = tiny_stream.test_labels(task)
        return Answers(np.zeros((len(label), 4), np.float32), label)

    looked_at: list[int] = []
    nobody: Any = None
    method: Any = types.SimpleNamespace(
        parts=types.SimpleNamespace(config=Config(eval_batch_size=4))
    )
    exam = Exam(0, tiny_stream, method, {}, nobody, features, ask, nobody)
    positions = np.arange(tiny_stream.test_sizes[0])
    known = unit(features(tiny_stream.test_images(0, positions)))
    monkeypatch.setattr(module, "remembered_features", lambda exam, most: known[:most])
    looked_at.clear()
    figures = UnseenClasses(images=6, neighbours=1).run(exam)
    assert figures["nearest_auroc"] == 1 and figures["nearest_fpr_at_95_tpr"] == 0
    assert figures["max_logit_auroc"] == 0.5
    assert looked_at == [4, 2, 4, 2]
    # Of one image in memory, its class alone is known.
    assert UnseenClasses(remembered=1, neighbours=1).run(exam)["nearest_auroc"] < 1
    exam.task = 1
    assert UnseenClasses().run(exam) == {}


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
    assert summary["unseen_nearest_auroc"] is None
    assert summary["unseen_classes"]["nearest_auroc"] == [None] * 3
