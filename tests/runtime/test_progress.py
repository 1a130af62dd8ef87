"""How long the rest takes, by hand, and what is said after a task."""

from types import SimpleNamespace
from typing import Any

import pytest

from braincl_jax.pipeline import Phase
from braincl_jax.runtime.cursor import Cursor
from braincl_jax.runtime.progress import Progress
from braincl_jax.runtime.timings import Lap


def nothing(state, batch, now, axis_name=None):
    return state, {}


# Nights grow: 10, 20, 30 steps.
PHASES = (
    Phase("encode", nothing, num_steps=lambda task: 4),
    Phase("replay", nothing, num_steps=lambda task: 10 * (task + 1), asleep=True),
)
LOOKS: Any = {
    "accuracy": SimpleNamespace(when="after_task"),
    "fingerprint": SimpleNamespace(when="at_end"),
}


@pytest.fixture
def progress() -> Progress:
    return Progress(PHASES, LOOKS, 3)


def cursor(stage: str, task: int, done: int = 0) -> Cursor:
    return Cursor(stage, task=task, done=done)


def lived_one_task(progress: Progress) -> None:
    """Encoding takes 1 s a step, replay 0.5 s, and looking at one task 2 s."""
    progress.measure(cursor("encode", 0, 4), Lap(4, 4.0, 0.0), 4)
    progress.measure(cursor("replay", 0, 10), Lap(10, 5.0, 0.0), 10)
    progress.measure(cursor("after_task", 0), Lap(1, 2.0, 0.0), 1)


def test_the_rest_is_what_is_left_of_each_stage_at_its_own_pace(progress):
    lived_one_task(progress)
    # Task 1: 4 + 20 / 2 + 2 * 2; task 2: 4 + 30 / 2 + 3 * 2. The look at the very end is not known.
    assert progress.seconds_left(cursor("encode", 1)) == (18 + 25, True)
    # 15 steps of the night are left, and the look after it.
    assert progress.seconds_left(cursor("replay", 1, 5)) == (7.5 + 4 + 25, True)
    assert progress.to_go(cursor("replay", 1, 5)) == "36 s"


def test_what_was_not_measured_yet_makes_it_a_lower_bound(progress):
    assert progress.to_go(cursor("encode", 0)) == ""
    progress.measure(cursor("encode", 0, 4), Lap(4, 4.0, 0.0), 4)
    assert progress.seconds_left(cursor("encode", 0, 2)) == (2 + 8, False)
    assert progress.to_go(cursor("encode", 0, 2)) == "over 10 s"


def test_compiling_is_no_part_of_the_pace(progress):
    lived_one_task(progress)
    # 100 s in which 99 s were spent on compiling, and a lap without it.
    progress.measure(cursor("encode", 1, 2), Lap(2, 100.0, 99.0), 2)
    progress.measure(cursor("encode", 1, 4), Lap(2, 2.0, 0.0), 2)
    assert progress.seconds_left(cursor("encode", 1)) == (18 + 25, True)


def test_a_lap_with_compiling_counts_while_there_is_no_other(progress):
    progress.measure(cursor("encode", 0, 4), Lap(4, 10.0, 2.0), 4)
    assert progress.seconds_left(cursor("encode", 0, 4))[0] == 2 * 4 * 2


def test_after_a_task_accuracy_and_time_are_said_on_stderr(progress, capsys):
    lived_one_task(progress)
    there = cursor("after_task", 0, 1)
    there.outcome.figures["accuracy()"][0] = {"by_task": [0.5], "all_seen": 0.625}
    progress.tell(there)
    said = capsys.readouterr()
    assert said.err == ("task 0 is learned (1 of 3): 62.5 % over all classes seen; 43 s to go\n")
    assert said.out == ""


def test_without_an_evaluator_of_accuracy_none_is_said_and_at_the_end_no_time(progress, capsys):
    lived_one_task(progress)
    progress.tell(cursor("at_end", 2, 1))
    assert capsys.readouterr().err == "task 2 is learned (3 of 3)\n"
