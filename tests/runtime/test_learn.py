"""Reading and examining, without devices."""

import itertools
import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from braincl_jax.memory.block.integrity import CorruptMemoryError
from braincl_jax.pipeline import Phase
from braincl_jax.runtime.cursor import Cursor
from braincl_jax.runtime.divergence import DivergedError
from braincl_jax.runtime.followed import FollowedLog
from braincl_jax.runtime.learn import _average, examine, run_phase
from braincl_jax.runtime.shell import Shell
from braincl_jax.runtime.stages import Examination


def test_a_rare_corrupt_slot_is_not_averaged_away():
    read = [
        {"loss": np.float32(n), "corrupt_slot": np.int32(7 if n == 1 else -1)} for n in range(4)
    ]
    assert _average(read) == {"loss": 1.5, "corrupt_slot": 7.0}


def test_a_metric_that_the_first_steps_lacked_is_averaged_over_the_others():
    read = [{"loss": 1.0, "old": 5.0}, {"loss": 2.0, "new": 3.0}, {"loss": 6.0, "new": 4.0}]
    assert _average(read) == {"loss": 3.0, "new": 3.5}


class Evaluator:
    """Says which exam it was asked in."""

    when, rows = "after_task", ()

    def __init__(self) -> None:
        self.exams = []

    def run(self, exam):
        self.exams.append(exam)
        return {"number": len(self.exams)}


class Quiet:
    """Timings, saver and progress that do nothing but note when the run could be saved."""

    def __init__(self) -> None:
        self.asked = []
        self.due, self.saved = False, []

    def measure(self, *arguments) -> None:
        pass

    def to_go(self, cursor: Cursor) -> str:
        return ""

    def restart(self) -> None:
        pass

    def lap(self, *arguments) -> None:
        pass

    def is_due(self, cursor: Cursor) -> bool:
        self.asked.append(cursor.done)
        return self.due

    def save(self, state, cursor: Cursor) -> None:
        self.saved.append(cursor.done)


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
    examine("state", cursor, look, examiner, shell, shell.saver)  # pyright: ignore
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


@pytest.mark.parametrize("figure", [float("nan"), float("inf"), np.float32(1), {1, 2}])
def test_a_figure_that_json_cannot_hold_names_its_evaluator(around, figure):
    shell, _ = around
    mine = SimpleNamespace(run=lambda exam: {"number": figure})
    look: Any = Examination("after_task", {"mine(x=1)": mine})  # pyright: ignore
    cursor: Any = Cursor("after_task", task=3)
    with pytest.raises(
        ValueError, match=r"evaluators: 'mine\(x=1\)' has figures after task 3 that"
    ):
        examine("state", cursor, look, Examiner(), shell, shell.saver)  # pyright: ignore


def test_who_has_been_asked_already_is_not_asked_again(around):
    shell, path = around
    one, other = Evaluator(), Evaluator()
    look: Any = Examination("after_task", {"one": one, "other": other})  # pyright: ignore
    cursor = Cursor("after_task", steps=41, task=3, done=1)
    cursor.outcome.figures["one"] |= {2: {"number": 8}, 3: {"number": 9}}
    cursor.outcome.figures["other"] |= {2: {"number": 8}}
    examine("state", cursor, look, Examiner(), shell, shell.saver)  # pyright: ignore
    assert (one.exams, other.exams) == ([], [("state", 3)])
    assert cursor.outcome.figures["one"][3] == {"number": 9}
    assert len(path.read_text().splitlines()) == 1


class Host:
    """A device that is the host."""

    def first(self, tree):
        return tree

    def fetch(self, tree):
        return [np.asarray(leaf) for leaf in tree]


def nothing(state, batch, now, axis_name=None):
    return state, {}


REPLAY = Phase("replay", nothing, num_steps=lambda task: 30, driven_by=("sleep.learning_rate=9",))


def brain(weight: float) -> Any:
    memory = SimpleNamespace(working={})
    return SimpleNamespace(encoder={"weight": np.float32(weight)}, memory=memory)


def diverging(loss_at: int, weight_at: int):
    """A step whose metric, and whose weight, is no number from some step on."""
    done = itertools.count(1)

    def step(state, batch):
        n = next(done)
        weight = np.nan if n >= weight_at else 1.0
        return brain(weight), {"loss": np.float32(np.nan if n >= loss_at else 1.0)}

    return step


@pytest.mark.parametrize(
    ("loss_at", "weight_at", "step", "metric", "logged"),
    [
        (27, 99, 27, "loss", [20]),
        # The loss of the last step is of the weights before it.
        (99, 30, 30, "encoder/weight", [20]),
        (20, 99, 20, "loss", []),
    ],
)
def test_a_phase_that_diverges_ends_without_a_line_or_a_checkpoint_of_it(
    around, loss_at, weight_at, step, metric, logged
):
    shell, path = around
    shell = shell._replace(devices=Host())
    cursor, progress = Cursor("replay", task=2), shell.saver
    with pytest.raises(DivergedError) as caught:
        run_phase(brain(1.0), cursor, REPLAY, diverging(loss_at, weight_at), shell, progress)
    error = caught.value
    assert (error.task, error.phase, error.step, error.metric) == (2, "replay", step, metric)
    assert [json.loads(line)["step"] for line in path.read_text().splitlines()] == logged
    assert shell.saver.saved == []


def test_a_damaged_memory_is_told_before_what_came_of_it(around):
    shell, _ = around
    shell = shell._replace(devices=Host())
    metrics = {"loss": np.float32(np.nan), "corrupt_slot": np.int32(7)}
    with pytest.raises(CorruptMemoryError, match="slot 7"):
        run_phase(
            *(brain(1.0), Cursor("replay"), REPLAY, lambda *moment: (brain(1.0), metrics)),
            *(shell, shell.saver),
        )


def test_a_state_that_is_due_to_be_saved_is_looked_at_first(around):
    shell, _ = around
    shell = shell._replace(devices=Host())
    shell.saver.due = True
    with pytest.raises(DivergedError, match="step 7: encoder/weight is nan"):
        run_phase(brain(1.0), Cursor("replay"), REPLAY, diverging(99, 7), shell, shell.saver)
    assert shell.saver.saved == [1, 2, 3, 4, 5, 6]
