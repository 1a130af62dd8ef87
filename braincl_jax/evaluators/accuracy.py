"""The accuracy matrix: after each task, the accuracy on the test images of each task so far, among all classes seen."""

from collections.abc import Mapping
from typing import Any, ClassVar

from braincl_jax.data import TaskStream
from braincl_jax.evaluators import metrics
from braincl_jax.evaluators.base import Exam, Figures, Moment, Row
from braincl_jax.registry import EVALUATORS
from braincl_jax.settings import settings


@EVALUATORS.register("accuracy")
@settings()
class Accuracy:
    """Fills `accuracy_matrix`, and the metrics that follow from it (see `metrics`).

    Beside them, `metrics.jsonl` gets as "seen" the accuracy over the test images of all classes seen.
    """

    when: ClassVar[Moment] = "after_task"
    rows: ClassVar[tuple[Row, ...]] = (
        Row("final accuracy", "final_accuracy", 100, "%"),
        Row("average incremental accuracy (iCaRL)", "average_incremental_accuracy", 100, "%"),
        Row("forgetting (Chaudhry et al. 2018)", "forgetting_chaudhry", 100, "points"),
        Row("backward transfer (GEM)", "backward_transfer_gem", 100, "points"),
    )

    def run(self, exam: Exam) -> Figures:
        by_task = [exam.test(task).accuracy() for task in range(exam.task + 1)]
        return {"by_task": by_task, "seen": exam.seen().accuracy()}

    def summarise(self, figures: Mapping[int, Figures], stream: TaskStream) -> Figures:
        matrix = lower_triangle(figures)
        return {"accuracy_matrix": matrix, **metrics.summarise(matrix, stream.test_sizes)}


def lower_triangle(figures: Mapping[int, Figures]) -> list[list[Any]]:
    """Rows of `by_task`, fractions filled up with None: [T, T]."""
    rows = [list(figures[task]["by_task"]) for task in sorted(figures)]
    return [row + [None] * (len(rows) - len(row)) for row in rows]
