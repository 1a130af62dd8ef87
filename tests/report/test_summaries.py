"""What is read from summaries: declared rows, accuracies, and which runs may be compared."""

import numpy as np
import pytest

from braincl_jax.evaluators import metrics
from braincl_jax.report.summaries import (
    MEMORY_ROWS,
    ClassAccuracy,
    Row,
    accuracy_curve,
    accuracy_matrix,
    class_accuracies,
    confusions,
    largest,
    memory_parts,
    rows_of,
    worst_and_best,
)

TWO_TASKS = [[0.875, None], [0.675, 0.55]]


def declared(key, **changes):
    return {"label": key, "key": key, "scale": 1, "unit": "s", **changes}


def test_rows_of_many_runs_are_united_in_order_of_first_appearance():
    runs = [
        {"rows": [declared("b"), declared("a")]},
        {},
        {"rows": [declared("c"), declared("a")]},
    ]
    assert [row.key for row in rows_of(runs)] == ["b", "a", "c", "recall_psnr_db", "bits_per_pixel"]


def test_what_an_evaluator_declares_takes_the_place_of_a_row_of_the_memory():
    mine = declared("recall_psnr_db", label="quality", unit="dB")
    assert rows_of([{"rows": [mine]}]) == [Row(**mine), MEMORY_ROWS[1]]


def test_a_row_shows_the_scaled_figure():
    assert Row("", "x", 100, "%").value({"x": 0.25}) == 25
    assert Row("", "x", 100, "%").value({"x": 0}) == 0


@pytest.mark.parametrize("summary", [{}, {"x": None}, {"x": float("nan")}, {"x": [1]}])
def test_a_row_without_a_number_shows_nothing(summary):
    assert Row("", "x", 100, "%").value(summary) is None


def test_the_curve_weights_tasks_by_their_test_sizes_if_known(summary_of):
    np.testing.assert_allclose(accuracy_curve(summary_of(TWO_TASKS)), [0.875, 0.6125])
    # (30 * .675 + 10 * .55) / 40 = 25.75 / 40
    weighted = summary_of(TWO_TASKS, test_sizes=[30, 10])
    np.testing.assert_allclose(accuracy_curve(weighted), [0.875, 0.64375])


def test_the_curve_is_the_named_metric_of_each_task():
    rng = np.random.default_rng(0)
    matrix, sizes = rng.random((7, 7)), rng.integers(1, 50, 7).tolist()
    curve = accuracy_curve({"accuracy_matrix": matrix.tolist(), "test_sizes": sizes})
    expected = [metrics.accuracy_after(matrix, sizes, i) for i in range(7)]
    np.testing.assert_allclose(curve, expected, rtol=1e-12)


def test_nothing_stands_above_the_diagonal_whatever_the_summary_has_there():
    np.testing.assert_array_equal(
        accuracy_matrix({"accuracy_matrix": [[0.5, 0.9], [0.25, 1.0]]}), [[0.5, np.nan], [0.25, 1]]
    )


@pytest.mark.parametrize(
    ("matrix", "message"),
    [([[0.5, None], [None, 0.5]], r"\[1, 0\].*nan"), ([[1.5]], "1.5"), ([[0.5, 0.5]], "T, T")],
)
def test_an_impossible_matrix_is_an_error(summary_of, matrix, message):
    with pytest.raises(ValueError, match=message):
        accuracy_matrix(summary_of(matrix))


def test_classes_have_names_tasks_and_accuracies_in_the_class_order():
    # Class 1 is of both tasks.
    run = {
        "task_classes": [[0, 1], [1, 2, 3]],
        "class_accuracy": [0.5, 0.25, 1.0, None],
        "class_names": ["a", "b", 7, "d"],
    }
    assert class_accuracies(run) == [("a", 0, 0.5), ("b", 0, 0.25), ("7", 1, 1.0)]
    assert class_accuracies(run | {"class_names": ["a"]})[2].name == "2"
    assert class_accuracies({"task_classes": [[0]]}) == []
    assert [one.task for one in class_accuracies({"class_accuracy": [1.0]})] == [None]


def test_of_many_classes_the_worst_and_the_best_are_taken():
    known = [ClassAccuracy(str(k), 0, k / 10) for k in (3, 1, 4, 0, 5)]
    assert worst_and_best(known, 5) == known
    assert [one.name for one in worst_and_best(known, 3)] == ["0", "1", "5"]
    assert [one.name for one in worst_and_best(known, 2)] == ["0", "5"]


def test_confusions_are_told_by_names():
    run = {"frequent_confusions": [[1, 0, 9], [0, 2, 3]], "class_names": ["cat", "dog"]}
    assert confusions(run) == [("dog", "cat", 9), ("cat", "2", 3)]
    assert confusions({}) == []


def test_the_parts_of_a_bill_are_all_but_their_total():
    assert memory_parts({"memory_bytes": {"strings": 2, "total": 2}}) == {"strings": 2}


def test_of_many_parts_the_small_ones_are_added_up():
    some = largest({f"part {k}": k for k in range(500)}, 16)
    assert len(some) == 16
    # 499 + ... + 485 are kept; 0 + ... + 484 = 484 * 485 / 2
    assert next(iter(some)) == "part 485"
    assert some["485 others"] == 117_370
    assert largest({"a": 1, "b": 2}, 2) == {"a": 1, "b": 2}
