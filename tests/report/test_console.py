"""What a finished run prints, however many tasks it had."""

from pathlib import Path

import pytest

from braincl_jax.report.console import MOST_COLUMNS, MOST_ROWS, format_summary

TASKS = 3  # lines above the first task


def test_every_task_has_a_column_where_they_fit(summary_of, matrix_of):
    lines = format_summary(summary_of(matrix_of(2)), Path("runs")).splitlines()
    assert [line.split() for line in lines[TASKS : TASKS + 3]] == [
        ["after", "task", "all", "task", "0", "task", "1"],
        ["0", "50.0", "50.0"],
        ["1", "75.0", "50.0", "100.0"],
    ]


def test_measures_memory_and_folder_are_named(summary_of, matrix_of):
    lines = format_summary(summary_of(matrix_of(2), bits_per_pixel=None), Path("runs")).splitlines()
    assert [line for line in lines if ": " in line] == [
        "final accuracy: 61.25 %",
        "forgetting: 20.00 points",
        "PSNR of recalled images: 24.25 dB",
    ]
    assert lines[-3:] == [
        "",
        "1,234 of 2,000 training images are in memory",
        "90 seconds; results are in runs/",
    ]
    assert ["total", "3,700"] in [line.split() for line in lines]


@pytest.mark.parametrize("num_tasks", [MOST_COLUMNS, MOST_COLUMNS + 1, MOST_ROWS])
def test_no_line_is_wider_than_a_terminal(summary_of, matrix_of, num_tasks):
    lines = format_summary(summary_of(matrix_of(num_tasks)), Path("runs")).splitlines()
    assert max(map(len, lines)) <= 120
    # (0.5 + 49) / 50, or what it is for fewer tasks.
    final = f"{100 * (num_tasks - 0.5) / num_tasks:.1f}"
    assert lines[TASKS + num_tasks].split()[:2] == [str(num_tasks - 1), final]


def test_of_very_many_tasks_some_are_shown_and_the_last(summary_of, matrix_of):
    lines = format_summary(summary_of(matrix_of(500)), Path("runs")).splitlines()
    assert len(lines) < 80
    # Every tenth.
    assert [lines[TASKS + row].split()[0] for row in (1, 2, MOST_ROWS)] == ["9", "19", "499"]


def test_a_run_of_which_little_is_known_is_printed():
    text = format_summary({"budget_bytes": 12}, Path("runs"))
    assert "n/a of n/a training images are in memory" in text


def test_images_that_cannot_be_read_are_told(summary_of, matrix_of):
    def said(**left_out: int) -> str:
        lines = format_summary(summary_of(matrix_of(2), left_out=left_out), Path("runs"))
        return next((line for line in lines.splitlines() if line.startswith("left out")), "")

    assert said(train=0, test=0) == ""
    assert said(train=1200, test=1) == (
        "left out, since they cannot be read: 1,200 to train on and 1 to test on"
    )
