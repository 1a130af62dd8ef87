"""Task-aware accuracy: the same matrix, where the learner is told the task of each test image.

Logits are restricted to the classes of that task (task-incremental evaluation, van de Ven & Tolias 2019,
arXiv 1904.07734): what remains is how well the classes of one task are told apart. Where tasks are domains with all
classes, nothing is restricted, and this is the accuracy.
"""

from collections.abc import Mapping, Sequence
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
        so_far = exam.stream.spec.task_classes[: exam.task + 1]
        return {"by_task": [told(exam.test(task), own) for task, own in enumerate(so_far)]}

    def summarise(self, figures: Mapping[int, Figures], stream: TaskStream) -> Figures:
        matrix = lower_triangle(figures)
        return {
            "task_aware_matrix": matrix,
            "task_aware_accuracy": metrics.final_accuracy(matrix, stream.test_sizes),
        }


def told(answers: Answers, classes: Sequence[int]) -> float:
    """Accuracy among `classes`, labels of which one is that of each image."""
    own = np.asarray(classes)
    return float(np.mean(own[answers.logits[:, own].argmax(-1)] == answers.label))
