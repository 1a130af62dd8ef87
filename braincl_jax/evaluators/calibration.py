"""Calibration: is a learner right as often as it says it is? Over all classes seen, after each task.

Probabilities are the softmax of the logits of the classes seen, and the confidence of an answer is the largest of them.
"""

from collections.abc import Mapping
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from braincl_jax.data import TaskStream
from braincl_jax.evaluators.base import Exam, Figures, Moment, Row
from braincl_jax.registry import EVALUATORS
from braincl_jax.settings import settings

NUM_BINS = 15


@EVALUATORS.register("calibration")
@settings()
class Calibration:
    """Expected calibration error (ECE), negative log-likelihood (NLL) and what a reliability plot needs.

    * ECE (Naeini et al. 2015; Guo et al. 2017, arXiv 1706.04599): the mean over images of |accuracy - mean confidence|
      of the bin that an image's confidence is in, on the top label, with 15 equal bins as torchmetrics has them (see
      `reliability`). A fraction in [0, 1]; lower is better.
    * Overconfidence: mean confidence - accuracy, in [-1, 1]. **Positive is too sure of itself**, negative too modest.
    * NLL: the mean of -log p(true class), in nats, from 0; lower is better.

    Fills `expected_calibration_error`, `overconfidence`, `negative_log_likelihood` and `reliability` (the fields of
    `Reliability`), all after the last task, and `calibration_by_task`: T values of each of the three numbers.
    """

    when: ClassVar[Moment] = "after_task"
    rows: ClassVar[tuple[Row, ...]] = (
        Row("expected calibration error, 15 bins", "expected_calibration_error", 100, "%"),
        Row("overconfidence (positive: too sure)", "overconfidence", 100, "points"),
        Row("negative log-likelihood", "negative_log_likelihood", 1, "nats"),
    )

    def run(self, exam: Exam) -> Figures:
        answers, own = exam.seen(), exam.seen_classes()
        log_probability = log_softmax(answers.logits[:, own])
        label = np.searchsorted(own, answers.label)
        bins = reliability(log_probability, label)
        return {
            "expected_calibration_error": expected_calibration_error(bins),
            "overconfidence": overconfidence(bins),
            "negative_log_likelihood": negative_log_likelihood(log_probability, label),
            **bins._asdict(),
        }

    def summarise(self, figures: Mapping[int, Figures], stream: TaskStream) -> Figures:
        del stream
        tasks = sorted(figures)
        names = ("expected_calibration_error", "overconfidence", "negative_log_likelihood")
        last = figures[tasks[-1]]
        return {
            **{name: last[name] for name in names},
            "calibration_by_task": {
                name: [figures[task][name] for task in tasks] for name in names
            },
            "reliability": {name: last[name] for name in Reliability._fields},
        }


class Reliability(NamedTuple):
    """Answers by their confidence, in bins; None where a bin has no answers.

    Attributes:
        count: answers in each bin.
        confidence: their mean confidence.
        accuracy: the share of them that is right.
    """

    count: list[int]
    confidence: list[float | None]
    accuracy: list[float | None]


def log_softmax(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Logits [N, K] -> logarithms of their softmax, [N, K]."""
    logits = np.asarray(logits, np.float64)
    # The largest goes first, so that the sum of very large logits loses no digits.
    below = logits - logits.max(-1, keepdims=True)
    return below - np.logaddexp.reduce(below, axis=-1, keepdims=True)


def reliability(
    log_probability: NDArray[np.float64], label: NDArray[np.integer], num_bins: int = NUM_BINS
) -> Reliability:
    """Counts answers by the confidence in the top label.

    As in torchmetrics (`multiclass_calibration_error`, version 1.9), confidences are rounded to float32, bin k of n has
    those in [k / n, (k + 1) / n), and one of exactly 1 is in a bin of its own, the last.

    Args:
        log_probability: [N, K], logarithms of probabilities.
        label: [N], true classes 0..K-1.
        num_bins: n.

    Returns:
        n + 1 bins.
    """
    confidence = np.exp(log_probability.max(-1)).astype(np.float32)
    right = log_probability.argmax(-1) == label
    edges = np.linspace(0, 1, num_bins + 1, dtype=np.float32)
    bins = np.searchsorted(edges, confidence, side="right") - 1
    count = np.bincount(bins, minlength=num_bins + 1)
    return Reliability(
        count.tolist(),
        _means(np.bincount(bins, confidence, num_bins + 1), count),
        _means(np.bincount(bins, right, num_bins + 1), count),
    )


def expected_calibration_error(bins: Reliability) -> float:
    """Sum over bins of their share of the answers x |accuracy - mean confidence|."""
    return float(np.abs(_gaps(bins)).sum())


def overconfidence(bins: Reliability) -> float:
    """Mean confidence - accuracy over all answers: what ECE would be if gaps could cancel out, with its sign."""
    return float(_gaps(bins).sum())


def negative_log_likelihood(
    log_probability: NDArray[np.float64], label: NDArray[np.integer]
) -> float:
    """Mean of -log p(true class), in nats: [N, K] and classes [N]."""
    return float(-np.take_along_axis(log_probability, label[:, None], axis=-1).mean())


def _gaps(bins: Reliability) -> NDArray[np.float64]:
    """Of each bin with answers: its share of them x (mean confidence - accuracy)."""
    some = [one for one in zip(*bins, strict=True) if one[0]]
    count, confidence, accuracy = np.array(some, np.float64).T
    return count / count.sum() * (confidence - accuracy)


def _means(sums: NDArray[np.number], counts: NDArray[np.integer]) -> list[float | None]:
    return [
        float(total / number) if number else None
        for total, number in zip(sums, counts, strict=True)
    ]
