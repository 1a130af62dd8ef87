"""Balance between tasks of 30 and 10 images, by hand."""

import types
from typing import Any

import numpy as np
import pytest

from braincl_jax.evaluators import Answers, Balance, Exam

STREAM: Any = types.SimpleNamespace(tested_as=lambda task: task, test_sizes=(30, 10, 20))


def exam_after(task: int, *right: int) -> Exam:
    """So many answers are right of each task."""

    def ask(one: int) -> Answers:
        label = (np.arange(STREAM.test_sizes[one]) >= right[one]).astype(np.int32)
        return Answers(np.tile(np.array([1, 0], np.float32), (len(label), 1)), label)

    nobody: Any = None
    return Exam(task, STREAM, nobody, {}, nobody, nobody, ask, nobody)


def test_each_figure_comes_from_the_matrix_of_all_tasks():
    exams = [exam_after(0, 30), exam_after(1, 15, 8), exam_after(2, 15, 4, 20)]
    figures = {exam.task: Balance().run(exam) for exam in exams}
    assert figures[1] == {"by_task": [0.5, 0.8]}
    summary = Balance().summarise(figures, STREAM)
    assert summary == {
        # (30 + 8 + 20) of 60 images
        "learning_accuracy": pytest.approx(58 / 60),
        # 15 of 30 and 4 of 10 images are lost, and so are 1/2 of each task's best.
        "weighted_forgetting": pytest.approx(19 / 40),
        "stability": pytest.approx(0.5),
        "imbalance": pytest.approx(np.std([0.5, 0.4, 1.0])),
    }
    assert {row.key for row in Balance.rows} == set(summary)
