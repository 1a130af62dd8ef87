"""The accuracy matrix: after each task, the accuracy on the test images of each task so far, among all classes seen.

Where tasks are domains, all are tested on one set, and a row of the matrix is one number: final accuracy is that of the
last row. Forgetting is by the same definition: for each earlier task, the best accuracy from then until before the last
task, less the final one; the mean of these.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from braincl_jax.data import TaskStream
from braincl_jax.evaluators import metrics
from braincl_jax.evaluators.base import Exam, Figures, Moment, Row
from braincl_jax.registry import EVALUATORS
from braincl_jax.settings import settings


@EVALUATORS.register("accuracy")
@settings()
class Accuracy:
    """Fills `accuracy_matrix`, and the metrics that follow from it (see `metrics`)."""

    when: ClassVar[Moment] = "after_task"
    rows: ClassVar[tuple[Row, ...]] = (
        Row("final accuracy", "final_accuracy", 100, "%"),
        Row("average incremental accuracy (iCaRL)", "average_incremental_accuracy", 100, "%"),
        Row("forgetting (Chaudhry et al. 2018)", "forgetting_chaudhry", 100, "points"),
        Row("backward transfer (GEM)", "backward_transfer_gem", 100, "points"),
    )

    def run(self, exam: Exam) -> Figures:
        answers = [exam.test(task) for task in range(exam.task + 1)]
        by_task, sizes = [one.accuracy() for one in answers], [len(one.label) for one in answers]
        return {"by_task": by_task, "all_seen": float(np.average(by_task, weights=sizes))}

    def summarise(self, figures: Mapping[int, Figures], stream: TaskStream) -> Figures:
        matrix = lower_triangle(figures)
        return {"accuracy_matrix": matrix, **metrics.summarise(matrix, stream.test_sizes)}


def lower_triangle(figures: Mapping[int, Figures]) -> list[list[Any]]:
    """Rows of `by_task`, fractions filled up with None: [T, T]."""
    rows = [list(figures[task]["by_task"]) for task in sorted(figures)]
    return [row + [None] * (len(rows) - len(row)) for row in rows]
