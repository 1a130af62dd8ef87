"""Detection by hand, against OpenOOD's own file of metrics, and against scikit-learn."""

from pathlib import Path

import numpy as np
import pytest
from scipy.special import log_softmax, logsumexp
from sklearn.metrics import auc, precision_recall_curve, roc_auc_score, roc_curve

from braincl_jax.evaluators.detection import (
    Detection,
    compare,
    confidences,
    detect,
    energy,
    max_logit,
    max_softmax,
)

ORACLE = np.load(Path(__file__).parents[1] / "oracles" / "openood.npz")


def by_scikit_learn(inside: np.ndarray, outside: np.ndarray) -> Detection:
    confidence = np.concatenate([inside, outside])
    ood = np.repeat([0, 1], [len(inside), len(outside)])
    # All thresholds: by default scikit-learn leaves out those on a straight line between others.
    fpr, tpr, _ = roc_curve(ood, -confidence, drop_intermediate=False)
    precision_in, recall_in, _ = precision_recall_curve(1 - ood, confidence)
    precision_out, recall_out, _ = precision_recall_curve(ood, -confidence)
    return Detection(
        roc_auc_score(ood, -confidence),
        auc(recall_in, precision_in),
        auc(recall_out, precision_out),
        fpr[np.flatnonzero(tpr >= 0.95)[0]],
    )


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("decimals", [0, 1, 9])
def test_all_figures_are_those_of_scikit_learn_with_ties_and_without(seed, decimals):
    rng = np.random.default_rng(seed)
    inside = rng.normal(1, 1, rng.integers(1, 300)).round(decimals)
    outside = rng.normal(0, 1, rng.integers(1, 300)).round(decimals)
    np.testing.assert_allclose(detect(inside, outside), by_scikit_learn(inside, outside))


@pytest.mark.parametrize("case", range(5))
def test_all_figures_are_those_of_openood(case):
    inside, outside, figures = (
        ORACLE[f"{name}{case}"] for name in ("inside", "outside", "figures")
    )
    np.testing.assert_allclose(detect(inside, outside), figures)


def test_by_hand():
    # The least sure of the five is learned, and is taken for OOD before both that are.
    figures = detect(np.array([1.0, 4.0, 5.0]), np.array([2.0, 3.0]))
    assert figures.auroc == pytest.approx(4 / 6)
    assert figures.fpr_at_95_tpr == pytest.approx(1 / 3)
    # Precision over recall: (1, 0), (0, 0), (1/2, 1/2), (2/3, 1).
    assert figures.aupr_out == pytest.approx(0.5 * (0.5 / 2) + 0.5 * (0.5 + 2 / 3) / 2)


def test_ood_is_the_side_of_low_confidence_and_perfect_detection_is_perfect():
    low, high = np.array([0.0, 1.0]), np.array([2.0, 3.0])
    assert detect(inside=high, outside=low) == (1, 1, 1, 0)
    assert detect(inside=low, outside=high).auroc == 0
    assert detect(inside=low, outside=high).fpr_at_95_tpr == 1


def test_who_is_equally_sure_of_everything_detects_by_chance():
    figures = detect(np.zeros(30), np.zeros(10))
    # The mean of 1, where nothing is detected, and of each side's share.
    assert figures == (0.5, pytest.approx((1 + 0.75) / 2), pytest.approx((1 + 0.25) / 2), 1)


def test_ninety_five_percent_of_twenty_are_nineteen():
    # Between the 19th and the 20th of the OOD images lie all that was learned.
    outside = np.append(np.arange(19.0), 100)
    assert detect(np.full(5, 50.0), outside).fpr_at_95_tpr == 0
    assert detect(np.full(5, 50.0), np.append(outside[1:], 100)).fpr_at_95_tpr == 1


@pytest.mark.parametrize(("inside", "outside"), [([], [1.0]), ([1.0], []), ([1.0], [np.nan])])
def test_an_empty_side_or_nan_is_refused(inside, outside):
    with pytest.raises(ValueError, match="at least one confidence and no NaN"):
        detect(np.array(inside), np.array(outside))


def test_confidences_are_those_of_scipy():
    logits = np.random.default_rng(0).normal(0, 5, (50, 7)).astype(np.float32)
    exact = logits.astype(np.float64)
    np.testing.assert_allclose(max_softmax(logits), log_softmax(exact, axis=-1).max(-1))
    np.testing.assert_array_equal(max_logit(logits), exact.max(-1))
    np.testing.assert_allclose(energy(logits), logsumexp(exact, axis=-1))


def test_probabilities_that_float64_rounds_to_one_are_told_apart():
    sure, surer = max_softmax(np.array([[50.0, 0.0, 0.0], [60.0, 0.0, 0.0]]))
    assert sure < surer < 0


def test_equal_logits_and_a_single_class_have_their_probability():
    assert np.exp(max_softmax(np.zeros((1, 4)))).tolist() == [pytest.approx(0.25)]
    assert max_softmax(np.array([[3.0], [-8.0]])).tolist() == [0, 0]


def test_several_confidences_are_compared_each_with_its_own():
    inside, outside = (
        {"a": np.array(a), "b": np.array(b)} for a, b in (([2.0], [0.0]), ([1.0], [9.0]))
    )
    figures = compare(inside, outside)
    assert (figures["a_auroc"], figures["b_auroc"]) == (1, 0)
    assert figures["b_fpr_at_95_tpr"] == detect(inside["b"], outside["b"]).fpr_at_95_tpr
    logits = np.array([[3.0, 1.0]])
    assert confidences(logits)["max_logit"].tolist() == [3]
    assert confidences(logits)["energy"] == energy(logits)
