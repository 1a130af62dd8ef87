"""Before sleep: all classes and the new ones, by hand."""

import types
from typing import Any

import numpy as np
import pytest

from braincl_jax.evaluators import Answers, BeforeSleep, Exam

STREAM: Any = types.SimpleNamespace(tested_as=lambda task: task)


def test_all_classes_seen_and_the_new_task_are_told_apart():
    # Task 0: none of 2 right; task 1: 3 of 4.
    sheets = {
        0: Answers(np.eye(4, dtype=np.float32)[[2, 3]], np.array([0, 1], np.int32)),
        1: Answers(np.eye(4, dtype=np.float32)[[2, 3, 2, 0]], np.array([2, 3, 2, 3], np.int32)),
    }
    nobody: Any = None
    exam = Exam(1, STREAM, nobody, {}, nobody, nobody, sheets.__getitem__, nobody)
    assert BeforeSleep().run(exam) == {"accuracy": 0.5, "new_task": 0.75}


def test_the_summary_lists_tasks_in_order_and_their_means():
    figures = {1: {"accuracy": 0.5, "new_task": 0.75}, 0: {"accuracy": 1.0, "new_task": 1.0}}
    assert BeforeSleep().summarise(figures, STREAM) == {
        "before_sleep_accuracy": [1.0, 0.5],
        "mean_before_sleep_accuracy": 0.75,
        "before_sleep_new_task": [1.0, 0.75],
        "mean_before_sleep_new_task": pytest.approx(0.875),
    }
    assert BeforeSleep.when == "after_wake"
