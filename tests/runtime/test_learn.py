"""Reading and examining, without devices."""

import json
from typing import Any

import numpy as np
import pytest

from braincl_jax.runtime.cursor import Cursor
from braincl_jax.runtime.followed import FollowedLog
from braincl_jax.runtime.learn import _average, examine
from braincl_jax.runtime.shell import Shell
from braincl_jax.runtime.stages import Examination


def test_a_rare_corrupt_slot_is_not_averaged_away():
    read = [
        {"loss": np.float32(n), "corrupt_slot": np.int32(7 if n == 1 else -1)} for n in range(4)
    ]
    assert _average(read) == {"loss": 1.5, "corrupt_slot": 7.0}


class Evaluator:
    """Says which exam it was asked in."""

    when, rows = "after_task", ()

    def __init__(self) -> None:
        self.exams = []

    def run(self, exam):
        self.exams.append(exam)
        return {"number": len(self.exams)}


class Quiet:
    """Timings and saver that do nothing but note when the run could be saved."""

    def __init__(self) -> None:
        self.asked = []

    def restart(self) -> None:
        pass

    def lap(self, *arguments) -> None:
        pass

    def is_due(self, cursor: Cursor) -> bool:
        self.asked.append(cursor.done)
        return False


class Examiner:
    def exam(self, state, task, notes):
        return (state, task)


@pytest.fixture
def around(tmp_path):
    """What is impure around the steps, and the path of the metrics."""
    path = tmp_path / "metrics.jsonl"
    quiet: Any = Quiet()
    nobody: Any = None
    with FollowedLog(path) as log:
        yield Shell(nobody, log, quiet, quiet), path


def test_every_evaluator_is_asked_about_the_same_exam_and_counts_as_a_step(around):
    shell, path = around
    one, other = Evaluator(), Evaluator()
    look: Any = Examination("after_task", {"one": one, "other": other})  # pyright: ignore
    cursor, examiner = Cursor("after_task", steps=40, task=3), Examiner()
    examine("state", cursor, look, examiner, shell)  # pyright: ignore
    assert one.exams == other.exams == [("state", 3)]
    assert one.exams[0] is other.exams[0]
    assert (cursor.steps, cursor.done) == (42, 2)
    assert cursor.outcome.figures == {"one": {3: {"number": 1}}, "other": {3: {"number": 1}}}
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines == [
        {"task": 3, "phase": "after_task", "evaluator": name, "figures": {"number": 1}}
        for name in ("one", "other")
    ]
    # Between two evaluators the run can be saved; after the last one its stage is over.
    assert shell.saver.asked == [1]  # pyright: ignore


def test_who_has_been_asked_already_is_not_asked_again(around):
    shell, path = around
    one, other = Evaluator(), Evaluator()
    look: Any = Examination("after_task", {"one": one, "other": other})  # pyright: ignore
    cursor = Cursor("after_task", steps=41, task=3, done=1)
    cursor.outcome.figures["one"] |= {2: {"number": 8}, 3: {"number": 9}}
    cursor.outcome.figures["other"] |= {2: {"number": 8}}
    examine("state", cursor, look, Examiner(), shell)  # pyright: ignore
    assert (one.exams, other.exams) == ([], [("state", 3)])
    assert cursor.outcome.figures["one"][3] == {"number": 9}
    assert len(path.read_text().splitlines()) == 1
