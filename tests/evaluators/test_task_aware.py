"""Task-aware accuracy: only the classes of the image's own task are in play."""

import types
from typing import Any

import numpy as np
import pytest

from braincl_jax.evaluators import Answers, TaskAware
from braincl_jax.evaluators.task_aware import told

# 3 tasks of 2 classes; images of task 1, classes 2 and 3.
LOGITS = np.array(
    [
        [9, 0, 2, 1, 0, 0],  # class 2, though 0 is larger
        [0, 0, 1, 2, 0, 9],  # class 3, though 5 is larger
        [0, 0, 5, 1, 0, 0],  # class 2
        [0, 0, -7, -6, 0, 0],  # class 3: masked or not, the larger of the two
    ],
    np.float32,
)
ANSWERS = Answers(LOGITS, np.array([2, 3, 3, 3], np.int32))


def test_logits_of_other_tasks_do_not_count():
    assert ANSWERS.accuracy() == 0
    assert told(ANSWERS, (2, 3)) == 0.75


def test_each_task_is_told_as_its_own():
    first = Answers(LOGITS[:1], np.array([0], np.int32))
    exam: Any = types.SimpleNamespace(
        task=1,
        stream=types.SimpleNamespace(
            spec=types.SimpleNamespace(task_classes=((0, 1), (2, 3), (4, 5)))
        ),
        test=lambda task: (first, ANSWERS)[task],
    )
    assert TaskAware().run(exam) == {"by_task": [1.0, 0.75]}


def test_the_summary_weighs_tasks_by_their_test_images():
    stream: Any = types.SimpleNamespace(test_sizes=(30, 10))
    figures = {0: {"by_task": [1.0]}, 1: {"by_task": [0.9, 0.5]}}
    summary = TaskAware().summarise(figures, stream)
    assert summary["task_aware_matrix"] == [[1.0, None], [0.9, 0.5]]
    # 0.9 of 30 images and 0.5 of 10.
    assert summary["task_aware_accuracy"] == pytest.approx(0.8)


def test_tasks_may_have_unequal_and_the_same_classes():
    # Among 0, 2 and 5: 0, 5, 2 and 0 have the largest logits.
    answers = Answers(LOGITS, np.array([0, 5, 2, 2], np.int32))
    assert told(answers, (0, 2, 5)) == 0.75
    assert told(answers, range(6)) == answers.accuracy()
