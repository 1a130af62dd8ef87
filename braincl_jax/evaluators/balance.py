"""Balance: is what is new learned, is what is old kept, and are all tasks known alike in the end?"""

from collections.abc import Mapping
from typing import ClassVar

from braincl_jax.data import TaskStream
from braincl_jax.evaluators import metrics
from braincl_jax.evaluators.accuracy import lower_triangle
from braincl_jax.evaluators.base import Exam, Figures, Moment, Row
from braincl_jax.registry import EVALUATORS
from braincl_jax.settings import settings


@EVALUATORS.register("balance")
@settings()
class Balance:
    """Fills `learning_accuracy`, `weighted_forgetting`, `stability` and `imbalance` as `metrics` defines them.

    They follow from the accuracy matrix. All but imbalance weigh tasks by their test images, so that they mean the same
    where tasks are unequal. Learning accuracy and stability are better the higher, the other two the lower.
    """

    when: ClassVar[Moment] = "after_task"
    rows: ClassVar[tuple[Row, ...]] = (
        Row("plasticity: accuracy when just learned", "learning_accuracy", 100, "%"),
        Row("stability: share kept of the best", "stability", 100, "%"),
        Row("forgetting, by image", "weighted_forgetting", 100, "points"),
        Row("imbalance: spread over tasks", "imbalance", 100, "points"),
    )

    def run(self, exam: Exam) -> Figures:
        return {"by_task": [exam.test(task).accuracy() for task in range(exam.task + 1)]}

    def summarise(self, figures: Mapping[int, Figures], stream: TaskStream) -> Figures:
        matrix, sizes = lower_triangle(figures), stream.test_sizes
        return {
            "learning_accuracy": metrics.learning_accuracy(matrix, sizes),
            "weighted_forgetting": metrics.weighted_forgetting(matrix, sizes),
            "stability": metrics.stability(matrix, sizes),
            "imbalance": metrics.imbalance(matrix),
        }
