"""Task-aware accuracy: the same matrix, where the learner is told the task of each test image.

Logits are restricted to the classes of that task (task-incremental evaluation, van de Ven & Tolias 2019,
arXiv 1904.07734): what remains is how well the classes of one task are told apart.
"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from braincl_jax.data import TaskStream
from braincl_jax.evaluators import metrics
from braincl_jax.evaluators.accuracy import lower_triangle
from braincl_jax.evaluators.base import Answers, Exam, Figures, Moment, Row
from braincl_jax.registry import EVALUATORS
from braincl_jax.settings import settings


@EVALUATORS.register("task_aware")
@settings()
class TaskAware:
    """Fills `task_aware_matrix` and `task_aware_accuracy`, over all test images after the last task."""

    when: ClassVar[Moment] = "after_task"
    rows: ClassVar[tuple[Row, ...]] = (
        Row("final accuracy, task told", "task_aware_accuracy", 100, "%"),
    )

    def run(self, exam: Exam) -> Figures:
        each = exam.stream.spec.classes_per_task
        return {"by_task": [told(exam.test(j), j, each) for j in range(exam.task + 1)]}

    def summarise(self, figures: Mapping[int, Figures], stream: TaskStream) -> Figures:
        matrix = lower_triangle(figures)
        return {
            "task_aware_matrix": matrix,
            "task_aware_accuracy": metrics.final_accuracy(matrix, stream.test_sizes),
        }


def told(answers: Answers, task: int, classes_per_task: int) -> float:
    """Accuracy among the classes `task * classes_per_task` and the `classes_per_task - 1` after it."""
    first = task * classes_per_task
    among = answers.logits[:, first : first + classes_per_task]
    return float(np.mean(first + among.argmax(-1) == answers.label))
