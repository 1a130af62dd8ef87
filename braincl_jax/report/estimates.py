"""Estimates from a few seeds: means, paired differences with their confidence, and areas under curves."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

CONFIDENCE = 0.95


class Estimate(NamedTuple):
    """Of a measure, from runs of different seeds.

    Attributes:
        mean: over the runs.
        deviation: sample standard deviation (divisor n - 1); None for one run.
        number: n, of runs.
    """

    mean: float
    deviation: float | None
    number: int


class Difference(NamedTuple):
    """Of two methods, from runs of equal seeds.

    Attributes:
        mean: of the differences, seed by seed.
        margin: the confidence interval is mean - margin .. mean + margin; None for one seed.
        number: n, of seeds.
    """

    mean: float
    margin: float | None
    number: int

    @property
    def interval(self) -> tuple[float, float] | None:
        """Lowest and highest; None for one seed."""
        return None if self.margin is None else (self.mean - self.margin, self.mean + self.margin)


def estimate(values: Sequence[float]) -> Estimate | None:
    """Mean and deviation; None of no value."""
    if not len(values):
        return None
    deviation = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return Estimate(float(np.mean(values)), deviation, len(values))


def paired_difference(
    one: Mapping[int, float], other: Mapping[int, float], confidence: float = CONFIDENCE
) -> Difference | None:
    """How far one is above the other, by Student's t with n - 1 degrees of freedom over the n seeds that both have.

    What a seed does to both alike, such as first weights and the order of batches, cancels, so that the interval is
    narrower than that of a difference of two means (the paired t-test; Student 1908). None where n is 0.

    Args:
        one: seed -> value.
        other: seed -> value.
        confidence: of the interval, in (0, 1).
    """
    differences = [one[seed] - other[seed] for seed in sorted(one.keys() & other.keys())]
    found = estimate(differences)
    if found is None:
        return None
    if found.deviation is None:
        return Difference(found.mean, None, 1)
    quantile = float(stdtrit(found.number - 1, (1 + confidence) / 2))
    return Difference(found.mean, quantile * found.deviation / found.number**0.5, found.number)


def area_over_log(x: Sequence[float], y: Sequence[float]) -> float:
    """Area under y by the trapezoidal rule over log x, divided by the range of log x: the mean height of the curve.

    Args:
        x: > 0, in any order, at least two different ones.
        y: as many.

    Raises:
        ValueError: x does not span a range.
    """
    order = np.argsort(x)
    where, height = np.log(np.asarray(x, np.float64)[order]), np.asarray(y, np.float64)[order]
    if len(where) < 2 or where[0] == where[-1]:
        raise ValueError(f"an area needs a range of x, got {list(x)}")
    return float(np.trapezoid(height, where) / (where[-1] - where[0]))
