"""Representation: how many directions the features of test images use, and how they lie when all is learned."""

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from braincl_jax.data import TaskStream
from braincl_jax.data.subset import subset_of
from braincl_jax.evaluators.base import Exam, Figures, Moment, Row
from braincl_jax.registry import EVALUATORS
from braincl_jax.settings import at_least, between, settings
from braincl_jax.spread import spread

MOST_VALUES = 256
DIGITS = 4


@EVALUATORS.register("representation")
@settings()
class Representation:
    """Effective rank and principal components of the features that the head sees (`Exam.features`), after each task.

    They are of `images` test images of all tasks, those to come as well: the same images every time, so that what moves
    is the network. Features are centred first.

    * Effective rank (Roy & Vetterli 2007, "The effective rank", EUSIPCO): exp of the entropy, in nats, of the singular
      values divided by their sum. From 1, one direction, to the smaller of images - 1 and F; higher is richer.

    Fills `effective_rank`, after the last task, `effective_rank_by_task`, T values, `feature_spectrum`, the largest 256
    singular values after the last task, each divided by the sum of all, and `feature_map`: the first two principal
    components of at most `shown` of the images then (`x`, `y`, and `label` in the class order), and the `share` of the
    variance that each of the two holds.
    """

    when: ClassVar[Moment] = "after_task"
    rows: ClassVar[tuple[Row, ...]] = (Row("effective rank of features", "effective_rank"),)

    images: int = at_least(2, default=1000)
    shown: int = between(1, 5000, default=500)

    def run(self, exam: Exam) -> Figures:
        last = exam.stream.spec.num_tasks - 1
        subset = subset_of(exam.stream, last, self.images)
        found = components(exam.features_of(subset))
        figures: dict[str, Any] = {
            "effective_rank": effective_rank(found.values),
            "spectrum": rounded(shares(found.values)[:MOST_VALUES]),
        }
        if exam.task == last:
            figures["map"] = self._map(found, subset.label)
        return figures

    def summarise(self, figures: Mapping[int, Figures], stream: TaskStream) -> Figures:
        del stream
        tasks = sorted(figures)
        last = figures[tasks[-1]]
        return {
            "effective_rank": last["effective_rank"],
            "effective_rank_by_task": [figures[task]["effective_rank"] for task in tasks],
            "feature_spectrum": last["spectrum"],
            "feature_map": last["map"],
        }

    def _map(self, found: "Components", label: NDArray[np.integer]) -> dict[str, Any]:
        chosen = spread(len(label), self.shown)
        x, y = found.places[chosen].T
        return {
            "x": rounded(x),
            "y": rounded(y),
            "label": label[chosen].tolist(),
            "share": rounded(shares(found.values**2)[:2]),
        }


class Components(NamedTuple):
    """What there is of features along their principal axes.

    Attributes:
        values: float64 [min(N, F)], singular values of the centred features, the largest first.
        places: float64 [N, 2], the features along the first two axes.
    """

    values: NDArray[np.float64]
    places: NDArray[np.float64]


def components(features: NDArray[np.floating]) -> Components:
    """Principal components of features [N, F], N and F from 2, by singular value decomposition.

    The sign of an axis is free: it is such that its largest entry is positive.
    """
    exact = np.asarray(features, np.float64)
    left, values, axes = np.linalg.svd(exact - exact.mean(0), full_matrices=False)
    two = axes[:2]
    signs = np.sign(np.take_along_axis(two, np.abs(two).argmax(1)[:, None], axis=1)[:, 0])
    return Components(values, left[:, :2] * values[:2] * signs)


def effective_rank(values: NDArray[np.float64]) -> float:
    """Exp of the entropy of singular values divided by their sum; 1.0 where all of them are 0."""
    share = shares(values)
    share = share[share > 0]
    return float(np.exp(-(share * np.log(share)).sum()))


def shares(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values divided by their sum; all 0 where that is 0."""
    total = values.sum()
    return values / total if total else values


def rounded(values: NDArray[np.float64]) -> list[float]:
    """To 4 significant digits: for pictures."""
    return [float(f"{value:.{DIGITS}g}") for value in values.tolist()]
