"""The accuracy matrix, by hand."""

import types
from typing import Any

import pytest

from braincl_jax.evaluators.accuracy import Accuracy, lower_triangle

STREAM: Any = types.SimpleNamespace(test_sizes=(10, 30))


def exam(task: int, *accuracies: float) -> Any:
    """Task j has 10 test images, then 30, then 50."""

    def test(task: int) -> Any:
        return types.SimpleNamespace(
            accuracy=lambda: accuracies[task], label=[0] * (10 + 20 * task)
        )

    return types.SimpleNamespace(task=task, test=test)


def test_every_task_so_far_is_tested_and_no_later_one():
    # (10 * 0.5 + 30 * 0.25) / 40
    figures = {"by_task": [0.5, 0.25], "all_seen": 0.3125}
    assert Accuracy().run(exam(1, 0.5, 0.25, 0.9)) == figures


def test_the_summary_has_the_matrix_and_what_follows_from_it():
    # The order in which the figures come back does not matter.
    summary = Accuracy().summarise({1: {"by_task": [0.5, 0.7]}, 0: {"by_task": [0.9]}}, STREAM)
    assert summary["accuracy_matrix"] == [[0.9, None], [0.5, 0.7]]
    # 10 images at 0.5 and 30 at 0.7.
    assert summary["final_accuracy"] == pytest.approx(0.65)
    assert summary["average_incremental_accuracy"] == pytest.approx((0.9 + 0.65) / 2)
    assert summary["forgetting_chaudhry"] == pytest.approx(0.4)
    assert summary["backward_transfer_gem"] == pytest.approx(-0.4)
    assert {row.key for row in Accuracy.rows} < set(summary)


def test_what_is_not_seen_yet_is_none():
    figures = {task: {"by_task": [0.1 * task] * (task + 1)} for task in range(3)}
    assert lower_triangle(figures)[:2] == [[0, None, None], [0.1, 0.1, None]]
