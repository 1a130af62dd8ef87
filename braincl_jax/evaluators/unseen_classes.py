"""Semantic shift: can a learner tell images of classes that it has yet to learn from those of classes that it knows?

After each task but the last, the test images of the classes to come are out of distribution, and those of all classes
seen are not. Logits are restricted to the classes seen.
"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from braincl_jax.data import TaskStream
from braincl_jax.data.subset import Subset, subset_of
from braincl_jax.evaluators.base import Exam, Figures, Moment, Row
from braincl_jax.evaluators.detection import NAMES, SCORES, compare, confidences, rows_of
from braincl_jax.evaluators.nearest import nearest, remembered_features
from braincl_jax.registry import EVALUATORS
from braincl_jax.settings import at_least, settings
from braincl_jax.spread import spread


@EVALUATORS.register("unseen_classes")
@settings()
class UnseenClasses:
    """Detects unseen classes, which are the positive side (see `detection`).

    By max softmax, max logit and energy all test images are looked at. By nearest features (`nearest`) it is at most
    `images` of either side, evenly spread: their distance to the k-th nearest, k = `neighbours`, among the features of
    at most `remembered` images that the memory recalls. A method that recalls nothing has no such score.

    Logs each of `detection.NAMES`; nothing where no class is unseen: after the last task, and at any time where tasks
    have the same classes. Fills

    * `unseen_classes`: for each SCORE_FIGURE T values, None where no class is unseen or there is no such score;
    * `unseen_SCORE_FIGURE`: their mean over the other tasks, each counted alike; None if there are none.

    AUPR follows the shares of both sides, which change with every task: only runs on one sequence compare by it, and
    no row shows it.
    """

    when: ClassVar[Moment] = "after_task"
    rows: ClassVar[tuple[Row, ...]] = rows_of("unseen", "unseen classes", SCORES)

    images: int = at_least(1, default=1000)
    remembered: int = at_least(1, default=2000)
    neighbours: int = at_least(1, default=10)

    def run(self, exam: Exam) -> Figures:
        unseen = exam.unseen()
        if unseen is None:
            return {}
        own = exam.seen_classes()
        figures = compare(
            confidences(exam.seen().logits[:, own]), confidences(unseen.logits[:, own])
        )
        known = remembered_features(exam, self.remembered)
        if known is None:
            return figures
        sides = (subset_of(exam.stream, exam.task, self.images), self._unseen_images(exam))
        inside, outside = (
            {"nearest": nearest(known, exam.features_of(side), self.neighbours)} for side in sides
        )
        return figures | compare(inside, outside)

    def summarise(self, figures: Mapping[int, Figures], stream: TaskStream) -> Figures:
        del stream
        by_task = {name: [figures[task].get(name) for task in sorted(figures)] for name in NAMES}
        return {"unseen_classes": by_task} | {
            f"unseen_{name}": _mean([value for value in values if value is not None])
            for name, values in by_task.items()
        }

    def _unseen_images(self, exam: Exam) -> Subset:
        """At most `images` of those that `Exam.unseen` answers for."""
        stream = exam.stream
        every = subset_of(stream, stream.spec.num_tasks - 1, sum(stream.test_sizes))
        new = np.flatnonzero(~np.isin(every.label, exam.seen_classes()))
        rows: NDArray[np.int64] = new[spread(len(new), self.images)]
        return Subset(stream, every.task[rows], every.position[rows])


def _mean(values: list[float]) -> float | None:
    return float(np.mean(values)) if values else None
