"""What a finished run prints, however many tasks it had."""

from pathlib import Path

import pytest

from braincl_jax.report.console import MOST_COLUMNS, format_summary


def summary(num_tasks: int) -> dict:
    """After task i, all of the images of tasks up to i are known but those of task 0: a half of them."""
    return {
        "accuracy_matrix": [
            [
                (0.5 if column == 0 else 1.0) if column <= row else None
                for column in range(num_tasks)
            ]
            for row in range(num_tasks)
        ],
        "test_sizes": [4] * num_tasks,
        "num_tasks": num_tasks,
        "memory_bytes": {"total": 10},
        "budget_bytes": 12,
        "num_cues": 3,
        "num_train_images": 4,
        "recall_psnr_db": None,
        "wall_seconds": {"replay": 1.0},
    }


def test_every_task_has_a_column_where_they_fit():
    lines = format_summary(summary(2), Path("runs")).splitlines()
    assert [line.split() for line in lines[3:6]] == [
        ["after", "task", "all", "task", "0", "task", "1"],
        ["0", "50.0", "50.0"],
        ["1", "75.0", "50.0", "100.0"],
    ]


@pytest.mark.parametrize("num_tasks", [MOST_COLUMNS, MOST_COLUMNS + 1, 50])
def test_no_line_is_wider_than_a_terminal(num_tasks):
    lines = format_summary(summary(num_tasks), Path("runs")).splitlines()
    assert max(map(len, lines)) <= 120
    # (0.5 + 49) / 50, or what it is for fewer tasks.
    final = f"{100 * (num_tasks - 0.5) / num_tasks:.1f}"
    assert lines[3 + num_tasks].split()[:2] == [str(num_tasks - 1), final]
