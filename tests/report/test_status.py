"""A run as it stands, as text."""

import dataclasses
from pathlib import Path

import pytest

from braincl_jax.report.console import format_summary
from braincl_jax.report.status import Changed, Status, format_status


@pytest.fixture
def status() -> Status:
    return Status(
        workdir=Path("runs/a"),
        changed={"sleep.steps": Changed(20, 400), "old": Changed(True, None)},
        num_tasks=3,
        place="not finished; saved in task 1",
        accuracy=(0.9, 0.625),
        metrics="last logged: task 1, replay, step 20, loss=1.5",
        bill={"strings": 1_000, "decoders": 234},
        budget_bytes=2_000,
        summary=None,
        origin={},
        files={"config.json": 2_214, "report/": 216_131},
    )


def test_an_unfinished_run_says_where_it_is_and_what_it_knows(status):
    text = format_status(status)
    lines = [line.split() for line in text.splitlines()]
    assert text.startswith("runs/a: not finished; saved in task 1\n")
    assert "  sleep.steps = 20 (default 400)\n" in text
    assert "  old = True (no such setting in this version)\n" in text
    assert ["0", "90.0"] in lines
    assert ["1", "62.5"] in lines
    assert "last logged: task 1, replay, step 20, loss=1.5\n" in text
    for name, size in (("strings", "1,000"), ("total", "1,234"), ("budget", "2,000")):
        assert [name, size] in lines
    assert ["216,131", "runs/a/report/"] in lines


def test_a_finished_run_is_printed_as_when_it_ended(status, summary_of, matrix_of):
    summary = summary_of(matrix_of(2))
    finished = dataclasses.replace(
        status, summary=summary, place="finished", origin={"commit": "abc"}, changed={}
    )
    text = format_status(finished)
    assert format_summary(summary, Path("runs/a")) in text
    assert "all settings are the defaults\n" in text
    assert "commit: abc\n" in text
    assert "last logged" not in text


def test_of_a_run_that_has_just_begun_little_is_said(status):
    fresh = dataclasses.replace(status, accuracy=(), metrics="", bill={})
    assert "nothing has been learned yet" in format_status(fresh)


def test_of_many_tasks_the_last_ones_are_shown(status):
    text = format_status(dataclasses.replace(status, accuracy=(0.5,) * 500))
    assert len(text.splitlines()) < 45
    assert ["499", "50.0"] in [line.split() for line in text.splitlines()]
