"""Semantic shift: can a learner tell images of classes that it has yet to learn from those of classes that it knows?

After each task but the last, the test images of the classes to come are out of distribution, and those of all classes
seen are not. Logits are restricted to the classes seen.
"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from braincl_jax.data import TaskStream
from braincl_jax.evaluators.base import Exam, Figures, Moment, Row
from braincl_jax.evaluators.detection import CONFIDENCES, Detection, compare, confidences, rows_of
from braincl_jax.registry import EVALUATORS
from braincl_jax.settings import settings

NAMES = tuple(f"{score}_{figure}" for score in CONFIDENCES for figure in Detection._fields)


@EVALUATORS.register("unseen_classes")
@settings()
class UnseenClasses:
    """Detects unseen classes by max softmax, max logit and energy; they are the positive side (see `detection`).

    Logs SCORE_FIGURE for each of `detection.CONFIDENCES` and of `Detection`; nothing where no class is unseen: after
    the last task, and at any time where tasks have the same classes. Fills

    * `unseen_classes`: for each SCORE_FIGURE T values, None where no class is unseen;
    * `unseen_SCORE_FIGURE`: their mean over the other tasks, each counted alike; None if there are none.

    AUPR follows the shares of both sides, which change with every task: only runs on one sequence compare by it, and
    no row shows it.
    """

    when: ClassVar[Moment] = "after_task"
    rows: ClassVar[tuple[Row, ...]] = rows_of("unseen", "unseen classes", CONFIDENCES)

    def run(self, exam: Exam) -> Figures:
        unseen = exam.unseen()
        if unseen is None:
            return {}
        own = exam.seen_classes()
        inside, outside = exam.seen().logits[:, own], unseen.logits[:, own]
        return compare(confidences(inside), confidences(outside))

    def summarise(self, figures: Mapping[int, Figures], stream: TaskStream) -> Figures:
        del stream
        by_task = {name: [figures[task].get(name) for task in sorted(figures)] for name in NAMES}
        return {"unseen_classes": by_task} | {
            f"unseen_{name}": _mean([value for value in values if value is not None])
            for name, values in by_task.items()
        }


def _mean(values: list[float]) -> float | None:
    return float(np.mean(values)) if values else None
