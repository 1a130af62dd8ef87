"""Calibration, with torchmetrics, PyTorch and scikit-learn as oracles."""

import json
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from braincl_jax.evaluators import Answers, Calibration, Exam
from braincl_jax.evaluators.calibration import (
    Reliability,
    expected_calibration_error,
    log_softmax,
    negative_log_likelihood,
    overconfidence,
    reliability,
)

# See make_calibration.py beside it.
ORACLE = np.load(Path(__file__).parents[1] / "oracles" / "calibration.npz")
CASES = range(5)


def logits_of(*confidences: float) -> np.ndarray:
    """Logits of two classes, the first of which has these probabilities."""
    first = np.array(confidences)
    return np.log(np.stack([first, 1 - first], axis=1))


@pytest.mark.parametrize("case", CASES)
def test_ece_and_nll_are_those_of_torchmetrics_and_pytorch(case):
    log_probability = log_softmax(ORACLE[f"logits{case}"])
    label = ORACLE[f"label{case}"]
    # torchmetrics adds up in float32.
    ece = expected_calibration_error(reliability(log_probability, label))
    assert ece == pytest.approx(float(ORACLE[f"ece{case}"]), abs=1e-6)
    nll = negative_log_likelihood(log_probability, label)
    assert nll == pytest.approx(float(ORACLE[f"nll{case}"]), rel=1e-9)


@pytest.mark.parametrize("case", [1, 2])
def test_bins_are_those_of_scikit_learn(case):
    log_probability = log_softmax(ORACLE[f"logits{case}"])
    label, probability = ORACLE[f"label{case}"], np.exp(log_probability)
    right = probability.argmax(-1) == label
    accuracy, confidence = calibration_curve(right, probability.max(-1), n_bins=15)
    bins = reliability(log_probability, label)
    assert sum(bins.count) == len(label)
    np.testing.assert_allclose([one for one in bins.accuracy if one is not None], accuracy)
    np.testing.assert_allclose(
        [one for one in bins.confidence if one is not None], confidence, rtol=1e-6
    )


def test_gaps_by_hand():
    # Confidence .6 and .7 in one half, of which one is right; .8 in the next quarter, right.
    bins = reliability(logits_of(0.6, 0.7, 0.8), np.array([0, 1, 0]), num_bins=4)
    assert bins.count == [0, 0, 2, 1, 0]
    assert bins.confidence == [None, None, pytest.approx(0.65), pytest.approx(0.8), None]
    assert bins.accuracy == [None, None, 0.5, 1.0, None]
    # 2/3 x |.5 - .65| + 1/3 x |1 - .8|; with signs .15 and -.2
    assert expected_calibration_error(bins) == pytest.approx(0.5 / 3)
    assert overconfidence(bins) == pytest.approx(0.1 / 3)


def test_who_is_sure_and_wrong_is_overconfident_and_who_is_modest_and_right_is_not():
    logits = logits_of(0.9, 0.9)
    assert overconfidence(reliability(logits, np.array([1, 1]))) == pytest.approx(0.9)
    assert overconfidence(reliability(logits, np.array([0, 0]))) == pytest.approx(-0.1)


def test_a_bin_begins_at_its_lower_edge_and_certainty_has_one_of_its_own():
    bins = reliability(np.array([[0.0, -np.inf], [-1e-30, -70]]), np.array([0, 0]))
    assert bins.count == [0] * 15 + [2]
    assert reliability(logits_of(0.6), np.array([0])).count.index(1) == 9


def test_logits_of_any_size_are_finite():
    logits = np.array([[1e30, -1e30], [-1e30, -1e30]], np.float32)
    assert np.exp(log_softmax(logits)).tolist() == [[1, 0], [0.5, 0.5]]


def exam_of(unseen_logit: float) -> Exam:
    """After task 1 of 3; classes come in no order, and 3 is still to come."""
    logits = {0: [[2, 0, unseen_logit, 0]], 1: [[0, 1, unseen_logit, 0], [1, 0, unseen_logit, 3]]}
    labels = {0: [3], 1: [0, 1]}

    def ask(task: int) -> Answers:
        return Answers(np.array(logits[task], np.float32), np.array(labels[task], np.int32))

    nobody: Any = None
    stream: Any = types.SimpleNamespace(
        spec=types.SimpleNamespace(task_classes=((3,), (0, 1), (2,))),
        tested_as=lambda task: task,
    )
    return Exam(1, stream, nobody, {}, nobody, nobody, ask, nobody)


def test_logits_of_unseen_classes_do_not_count():
    figures = Calibration().run(exam_of(-1e9))
    assert figures == Calibration().run(exam_of(1e9))
    # Images of the classes 3, 0 and 1, among 0, 1 and 3.
    probability = [np.exp([2, 0, 0]), np.exp([0, 1, 0]), np.exp([1, 0, 3])]
    true = [one[k] / one.sum() for one, k in zip(probability, (2, 0, 1), strict=True)]
    assert figures["negative_log_likelihood"] == pytest.approx(-np.log(true).mean())
    assert figures["accuracy"].count(0.0) == len([one for one in figures["count"] if one])


def test_the_summary_has_the_last_task_and_a_number_for_each():
    figures = json.loads(json.dumps({1: Calibration().run(exam_of(0))}))["1"]
    first = figures | {"expected_calibration_error": 0.25, "count": [1] * 16}
    nobody: Any = None
    summary = json.loads(json.dumps(Calibration().summarise({1: figures, 0: first}, nobody)))
    last = figures["expected_calibration_error"]
    assert summary["expected_calibration_error"] == last
    assert summary["calibration_by_task"]["expected_calibration_error"] == [0.25, last]
    assert summary["reliability"] == {name: figures[name] for name in Reliability._fields}
    assert {row.key for row in Calibration.rows} <= set(summary)
