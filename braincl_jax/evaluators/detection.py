"""Out-of-distribution (OOD) detection: how sure a learner is of an image, and how well that tells strange images.

Conventions are those of OpenOOD v1.5 (Zhang et al. 2023, arXiv 2306.09301): confidence is high on what was learned, and
**OOD is the positive side**: an image counts as detected where confidence falls below a threshold.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from braincl_jax.evaluators.base import Row

# Share of the OOD images that are detected where `Detection.fpr_at_95_tpr` is read.
TPR = 0.95

# Figures that are shown of each score.
SHOWN = {"auroc": "AUROC", "fpr_at_95_tpr": "FPR at 95 % TPR"}

Scores = NDArray[np.float64]
Confidence = Callable[[NDArray[np.floating]], Scores]


class Detection(NamedTuple):
    """How well confidence tells OOD images from others; fractions in [0, 1].

    Attributes:
        auroc: area under the curve of true over false positive rate; 0.5 is chance. Which side is positive is all the
            same to it.
        aupr_in: area under precision over recall, by trapezoids, where what was learned is positive; chance is its
            share of the images.
        aupr_out: the same where OOD is positive.
        fpr_at_95_tpr: share of what was learned that is taken for OOD at the first threshold, from the least
            confidence up, at which at least 95 % of the OOD images are detected; lower is better.
    """

    auroc: float
    aupr_in: float
    aupr_out: float
    fpr_at_95_tpr: float


def detect(inside: Scores, outside: Scores) -> Detection:
    """Compares two sets of images, by confidence alone.

    Every distinct confidence is a threshold. Images of equal confidence are detected together.

    Args:
        inside: [N], confidence in images of what was learned.
        outside: [M], confidence in OOD images.

    Returns:
        The figures.

    Raises:
        ValueError: a side has no images, or a confidence is NaN.
    """
    for name, side in (("inside", inside), ("outside", outside)):
        if len(side) == 0 or np.isnan(side).any():
            raise ValueError(
                f"{name} must hold at least one confidence and no NaN, got {len(side)} with "
                f"{np.isnan(side).sum()} NaN"
            )
    false, true = _hits(-inside, -outside)
    fpr, tpr = false / len(inside), true / len(outside)
    return Detection(
        auroc=float(np.trapezoid(tpr, fpr)),
        aupr_in=_area_under_precision(*_hits(outside, inside)),
        aupr_out=_area_under_precision(false, true),
        fpr_at_95_tpr=float(fpr[np.argmax(tpr >= TPR)]),
    )


def rows_of(prefix: str, images: str, scores: Iterable[str]) -> tuple[Row, ...]:
    """What is shown of the figures PREFIX_SCORE_FIGURE, which tell some images, in words, from what was learned."""
    scores = tuple(scores)
    return tuple(
        Row(
            f"{text} of {images} ({score.replace('_', ' ')})",
            f"{prefix}_{score}_{figure}",
            100,
            "%",
        )
        for figure, text in SHOWN.items()
        for score in scores
    )


def compare(inside: Mapping[str, Scores], outside: Mapping[str, Scores]) -> dict[str, float]:
    """`detect` by each of several confidences, by name: SCORE_FIGURE -> value.

    Raises:
        ValueError: as `detect`.
    """
    return {
        f"{score}_{figure}": value
        for score, confidence in inside.items()
        for figure, value in detect(confidence, outside[score])._asdict().items()
    }


def confidences(logits: NDArray[np.floating]) -> dict[str, Scores]:
    """What each of `CONFIDENCES` says of logits [N, K]: [N]."""
    return {score: confidence(logits) for score, confidence in CONFIDENCES.items()}


def max_softmax(logits: NDArray[np.floating]) -> Scores:
    """Logarithm of the largest softmax probability (Hendrycks & Gimpel 2017, arXiv 1610.02136), [N, K] -> [N].

    It ranks images as the probability does, and keeps those apart whose probabilities would all be rounded to 1.
    """
    below = np.asarray(logits, np.float64)
    below = below - below.max(-1, keepdims=True)
    others = np.exp(below)
    np.put_along_axis(others, below.argmax(-1)[:, None], 0, axis=-1)
    return -np.log1p(others.sum(-1))


def max_logit(logits: NDArray[np.floating]) -> Scores:
    """The largest logit (Hendrycks et al. 2022, arXiv 1911.11132), [N, K] -> [N]."""
    return np.asarray(logits, np.float64).max(-1)


def energy(logits: NDArray[np.floating]) -> Scores:
    """Negative energy at temperature 1, log sum exp (Liu et al. 2020, arXiv 2010.03759), [N, K] -> [N]."""
    return np.logaddexp.reduce(np.asarray(logits, np.float64), axis=-1)


CONFIDENCES: Mapping[str, Confidence] = {
    "max_softmax": max_softmax,
    "max_logit": max_logit,
    "energy": energy,
}
# All that an image may be scored by: its logits, and its nearest features where a learner remembers any (`nearest`).
SCORES = (*CONFIDENCES, "nearest")
# SCORE_FIGURE, each figure by each score.
NAMES = tuple(f"{score}_{figure}" for score in SCORES for figure in Detection._fields)


def _hits(negative: Scores, positive: Scores) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How many of each side reach a threshold: none do at first, then each distinct score is one, from the largest."""
    scores = np.concatenate([negative, positive])
    order = np.argsort(-scores, kind="stable")
    last_of_equals = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    true = np.cumsum(order >= len(negative))[last_of_equals]
    return np.append(0, last_of_equals + 1 - true), np.append(0, true)


def _area_under_precision(false: NDArray[np.int64], true: NDArray[np.int64]) -> float:
    """By trapezoids over recall, from precision 1 where nothing is detected."""
    precision = np.append(1, true[1:] / (true[1:] + false[1:]))
    return float(np.trapezoid(precision, true / true[-1]))
