"""The metrics against hand-computed numbers, properties and an independent implementation."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score

from braincl_jax.evaluators import metrics

ORACLE = np.load(Path(__file__).parents[1] / "oracles" / "avalanche.npz")
NAN = math.nan
HAND = [
    [0.90, NAN, NAN, NAN],
    [0.95, 0.80, NAN, NAN],
    [0.60, 0.85, 0.90, NAN],
    [0.55, 0.70, 0.75, 0.88],
]
EQUAL = [10, 10, 10, 10]


@st.composite
def correct_counts(draw):
    """Test sizes [T] and the number of correct answers [T, T] on or below the diagonal."""
    sizes = draw(st.lists(st.integers(1, 20), min_size=1, max_size=5))
    tasks = range(len(sizes))
    return sizes, [[draw(st.integers(0, sizes[j])) for j in tasks if j <= i] for i in tasks]


def matrix_of(sizes, counts):
    matrix = np.full((len(sizes), len(sizes)), NAN)
    for i, row in enumerate(counts):
        matrix[i, : i + 1] = np.divide(row, sizes[: i + 1])
    return matrix


def test_final_accuracy_is_the_mean_of_the_last_row_for_equal_sizes():
    # (.55 + .70 + .75 + .88) / 4 = 2.88 / 4
    assert metrics.final_accuracy(HAND, EQUAL) == pytest.approx(0.72)


def test_average_incremental_accuracy_is_the_mean_of_the_row_means():
    # rows: .90, 1.75/2 = .875, 2.35/3 = .78333, 2.88/4 = .72; their sum 3.27833 / 4 = .81958
    expected = (0.90 + 0.875 + 2.35 / 3 + 0.72) / 4
    assert metrics.average_incremental_accuracy(HAND, EQUAL) == pytest.approx(expected)
    assert round(expected, 4) == 0.8196


def test_chaudhry_forgetting_counts_from_the_best_accuracy():
    # (.95 - .55) + (.85 - .70) + (.90 - .75) = .70; / 3
    assert metrics.forgetting_chaudhry(HAND) == pytest.approx(0.70 / 3)


def test_backward_transfer_counts_from_the_accuracy_when_just_learned():
    # (.55 - .90) + (.70 - .80) + (.75 - .90) = -.60; / 3
    assert metrics.backward_transfer_gem(HAND) == pytest.approx(-0.20)


@pytest.mark.parametrize("case", range(3))
def test_accuracies_and_backward_transfer_are_those_of_avalanche(case):
    sizes, matrix, seen, forgetting, bwt = (
        ORACLE[f"{name}{case}"] for name in ("sizes", "matrix", "seen", "forgetting", "bwt")
    )
    for task, accuracy in enumerate(seen):
        assert metrics.accuracy_after(matrix, sizes, task) == pytest.approx(accuracy)
    assert metrics.average_incremental_accuracy(matrix, sizes) == pytest.approx(seen.mean())
    assert metrics.backward_transfer_gem(matrix) == pytest.approx(bwt.mean())
    # What Avalanche calls forgetting, first less last, is the same with the other sign.
    assert metrics.backward_transfer_gem(matrix) == pytest.approx(-forgetting.mean())


def test_a_row_is_weighted_by_the_test_sizes():
    sizes = [30, 10, 40, 20]
    # after task 1: (30 * .95 + 10 * .80) / 40 = 36.5 / 40
    assert metrics.accuracy_after(HAND, sizes, 1) == pytest.approx(0.9125)
    # after task 3: (30 * .55 + 10 * .70 + 40 * .75 + 20 * .88) / 100 = 71.1 / 100
    assert metrics.final_accuracy(HAND, sizes) == pytest.approx(0.711)


def test_learning_accuracy_is_the_diagonal_weighted_by_test_sizes():
    assert metrics.learning_accuracy(HAND, EQUAL) == pytest.approx((0.9 + 0.8 + 0.9 + 0.88) / 4)
    # (30 * .90 + 10 * .80 + 40 * .90 + 20 * .88) / 100 = 88.6 / 100
    assert metrics.learning_accuracy(HAND, [30, 10, 40, 20]) == pytest.approx(0.886)


def test_weighted_forgetting_counts_images_and_is_chaudhry_s_for_equal_tasks():
    expected = metrics.forgetting_chaudhry(HAND)
    assert metrics.weighted_forgetting(HAND, EQUAL) == pytest.approx(expected)
    # (30 * .40 + 10 * .15 + 40 * .15) / 80 = 19.5 / 80; the last task's size does not matter
    assert metrics.weighted_forgetting(HAND, [30, 10, 40, 20]) == pytest.approx(19.5 / 80)
    assert metrics.weighted_forgetting(HAND, [30, 10, 40, 1]) == pytest.approx(19.5 / 80)


def test_stability_is_the_share_kept_of_the_best():
    kept = np.array([0.55 / 0.95, 0.70 / 0.85, 0.75 / 0.90])
    assert metrics.stability(HAND, EQUAL) == pytest.approx(kept.mean())
    assert metrics.stability(HAND, [30, 10, 40, 20]) == pytest.approx(kept @ [30, 10, 40] / 80)
    # A gain at the last task is the best itself: no more than all is kept.
    assert metrics.stability([[0.5, NAN], [0.8, 0.9]], [1, 1]) == 1


def test_a_task_of_which_nothing_was_known_has_nothing_to_lose():
    never_known = [[0, NAN, NAN], [0, 0.8, NAN], [0, 0.2, 1]]
    assert metrics.stability(never_known, [5, 1, 1]) == pytest.approx(0.25)
    assert metrics.stability([[0, NAN], [0, 1]], [1, 1]) == 1


def test_imbalance_is_the_spread_of_the_final_accuracies():
    # .55, .70, .75, .88 about .72: squares .0289 + .0004 + .0009 + .0256 = .0558; / 4
    assert metrics.imbalance(HAND) == pytest.approx(math.sqrt(0.0558 / 4))
    assert metrics.imbalance([[0.9, NAN], [0.5, 0.5]]) == 0
    assert metrics.imbalance([[1, NAN], [0, 1]]) == 0.5


@given(correct_counts())
def test_figures_of_balance_stay_in_their_ranges(case):
    matrix, sizes = matrix_of(*case), case[0]
    assert 0 <= metrics.learning_accuracy(matrix, sizes) <= 1
    assert -1 <= metrics.weighted_forgetting(matrix, sizes) <= 1
    assert 0 <= metrics.stability(matrix, sizes) <= 1 + 1e-12
    assert 0 <= metrics.imbalance(matrix) <= 0.5 + 1e-12


def test_forgetting_never_counts_a_gain_at_the_last_task_as_the_best():
    # task 0: best before the last is .5, final .8: forgetting is negative, -.3
    assert metrics.forgetting_chaudhry([[0.5, NAN], [0.8, 0.9]]) == pytest.approx(-0.3)


def test_one_task_has_nothing_to_forget():
    assert metrics.summarise([[0.75]], [8]) == {
        "final_accuracy": 0.75,
        "average_incremental_accuracy": 0.75,
        "forgetting_chaudhry": 0.0,
        "backward_transfer_gem": 0.0,
    }


def test_what_stands_above_the_diagonal_is_never_read():
    filled = np.where(np.isnan(HAND), 7.0, HAND)
    assert metrics.summarise(filled, EQUAL) == metrics.summarise(HAND, EQUAL)


def test_the_matrix_may_come_from_json_with_none_above_the_diagonal():
    from_json = json.loads(json.dumps(HAND).replace("NaN", "null"))
    assert metrics.summarise(from_json, EQUAL) == metrics.summarise(HAND, EQUAL)


def test_the_caller_keeps_its_matrix_unchanged():
    filled = np.full((2, 2), 0.5)
    metrics.summarise(filled, [1, 1])
    assert np.all(filled == 0.5)


def test_the_summary_holds_python_floats():
    assert {type(value) for value in metrics.summarise(np.array(HAND), EQUAL).values()} == {float}


@given(correct_counts())
def test_forgetting_is_at_least_minus_backward_transfer(case):
    matrix = matrix_of(*case)
    slack = 1e-12
    assert metrics.forgetting_chaudhry(matrix) >= -metrics.backward_transfer_gem(matrix) - slack


@given(correct_counts())
def test_accuracy_after_each_task_is_the_pooled_accuracy_of_scikit_learn(case):
    sizes, counts = case
    for i, row in enumerate(counts):
        truth = np.repeat(np.arange(i + 1), sizes[: i + 1])
        # Class j is answered right row[j] times, otherwise with a class that does not exist.
        answers = [[j] * row[j] + [-1] * (sizes[j] - row[j]) for j in range(i + 1)]
        expected = accuracy_score(truth, np.concatenate(answers))
        assert metrics.accuracy_after(matrix_of(*case), sizes, i) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("matrix", "sizes", "message"),
    [
        ([[0.5, NAN]], [1], r"\[T, T\].*\(1, 2\)"),
        ([0.5], [1], r"\[T, T\].*\(1,\)"),
        (np.empty((0, 0)), [], r"\(0, 0\)"),
        ([[NAN]], [1], r"\[0, 0\].*nan"),
        ([[0.5, NAN], [NAN, 0.5]], [1, 1], r"\[1, 0\].*nan"),
        ([[0.5, NAN], [0.5, 1.25]], [1, 1], r"\[1, 1\].*\[0, 1\], got 1.25"),
        ([[-0.5]], [1], r"\[0, 1\], got -0.5"),
        ([[0.5]], [1, 2], r"sizes must be \[1\].*\(2,\)"),
        ([[0.5]], [0], r"positive, got \[0.0\]"),
        ([[0.5]], [NAN], r"positive, got \[nan\]"),
    ],
)
def test_an_impossible_argument_is_an_error_that_shows_it(matrix, sizes, message):
    with pytest.raises(ValueError, match=message):
        metrics.summarise(matrix, sizes)


@pytest.mark.parametrize("task", [-1, 4])
def test_a_task_outside_the_matrix_is_an_error(task):
    with pytest.raises(ValueError, match=f"task {task} is not among the 4 tasks"):
        metrics.accuracy_after(HAND, EQUAL, task)


def test_psnr_is_the_closed_form_of_each_image():
    original = np.zeros((3, 2, 2, 1), np.uint8)
    recalled = original.copy()
    recalled[0] = 255  # MSE 255^2: 0 dB
    recalled[1] = 5  # MSE 25: 20 log10(255 / 5) = 34.1514 dB
    recalled[2, 0, 0] = 10  # MSE 100 / 4 = 25 again, from one pixel of four
    np.testing.assert_allclose(metrics.psnr(original, recalled), [0.0, 34.1514, 34.1514], atol=1e-4)


def test_psnr_is_symmetric_so_that_uint8_never_wraps():
    dark, light = np.full((1, 4), 3, np.uint8), np.full((1, 4), 250, np.uint8)
    assert metrics.psnr(dark, light) == metrics.psnr(light, dark)
    assert metrics.psnr(dark, light)[0] == pytest.approx(20 * math.log10(255 / 247))


def test_identical_images_have_the_cap_of_100_db():
    images = np.arange(24, dtype=np.uint8).reshape(2, 2, 2, 3)
    result = metrics.psnr(images, images)
    assert result.dtype == np.float64
    np.testing.assert_allclose(result, [100.0, 100.0])


@pytest.mark.parametrize(
    ("original", "recalled", "message"),
    [
        (np.zeros((1, 2), np.uint8), np.zeros((1, 3), np.uint8), r"\(1, 2\).*\(1, 3\)"),
        (np.zeros((1, 2), np.uint8), np.zeros((1, 2)), "uint8 and float64"),
        (np.zeros(3, np.uint8), np.zeros(3, np.uint8), r"\(3,\)"),
        (np.zeros((3, 0), np.uint8), np.zeros((3, 0), np.uint8), r"\(3, 0\)"),
    ],
)
def test_images_that_cannot_be_compared_are_an_error(original, recalled, message):
    with pytest.raises(ValueError, match=message):
        metrics.psnr(original, recalled)
