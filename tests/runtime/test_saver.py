"""When a run is saved: after so many steps, so many minutes, and when it is asked to stop."""

import types
from pathlib import Path
from typing import Any, NamedTuple

import jax
import pytest

from braincl_jax.runtime import saver as module
from braincl_jax.runtime.checkpoint import Checkpointing, path_of
from braincl_jax.runtime.cursor import Cursor
from braincl_jax.runtime.interrupt import Interrupted, Stop
from braincl_jax.runtime.saver import AGREE_EVERY, Saver

DIRECTORY = Path("checkpoints")


class FakeWriter:
    """Keeps what it is given, unless it is broken."""

    directory, idle, broken = DIRECTORY, True, False

    def __init__(self) -> None:
        self.newest: Path | None = None
        self.saved: list[tuple] = []

    def save(self, steps: int, *content: Any) -> None:
        self.saved.append((steps, *content))
        if not self.broken:
            self.newest = path_of(DIRECTORY, steps)


class Scene(NamedTuple):
    saver: Saver
    writer: FakeWriter
    stop: Stop
    clock: list[float]


@pytest.fixture
def scene(monkeypatch):
    """Makes a saver of a run that has done 10 steps; the clock, in seconds, stands still."""

    def make(**often: Any) -> Scene:
        clock, writer, stop = [0.0], FakeWriter(), Stop()
        monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
        monkeypatch.setattr(module, "without_prefetched", lambda state: state)
        record: Any = types.SimpleNamespace(to_mapping=lambda: {"settings": "S"})
        devices: Any = types.SimpleNamespace(fetch=lambda state: ("fetched", state))
        log: Any = types.SimpleNamespace(size=77)
        parts: list[Any] = [writer, Checkpointing(**often), stop, record, devices, log, 10]
        return Scene(Saver(*parts), writer, stop, clock)

    return make


def at(steps: int, done: int = 1) -> Cursor:
    return Cursor("encode", steps=steps, done=done)


def test_steps_are_counted_from_the_last_save(scene):
    saver, *_ = scene(every_steps=5, every_minutes=0)
    assert [saver.is_due(at(steps)) for steps in (14, 15)] == [False, True]
    saver.save("state", at(17))
    assert [saver.is_due(at(steps)) for steps in (21, 22)] == [False, True]


def test_minutes_are_counted_from_the_last_save(scene):
    saver, _, _, clock = scene(every_steps=0, every_minutes=2)
    clock[0] = 119
    assert not saver.is_due(at(1000))
    clock[0] = 120
    assert saver.is_due(at(1000))
    saver.save("state", at(1000))
    assert not saver.is_due(at(1001))


def test_nought_is_never(scene):
    saver, _, _, clock = scene(every_steps=0, every_minutes=0)
    clock[0] = 1e9
    assert not saver.is_due(at(10**9))


def test_a_checkpoint_has_the_state_the_place_and_the_length_of_the_log(scene):
    saver, writer, *_ = scene()
    saver.save("state", at(12))
    ((steps, state, cursor, record),) = writer.saved
    assert (steps, state, record) == (12, ("fetched", "state"), {"settings": "S"})
    assert (cursor["stage"], cursor["steps"], cursor["log_bytes"]) == ("encode", 12, 77)


def test_the_same_step_is_not_saved_twice(scene):
    saver, writer, *_ = scene()
    for steps in (12, 12, 13):
        saver.save("state", at(steps))
    assert [saved[0] for saved in writer.saved] == [12, 13]


def test_only_the_first_process_saves(scene, monkeypatch):
    saver, writer, *_ = scene(every_steps=5, every_minutes=0)
    monkeypatch.setattr(module, "leads", lambda: False)
    saver.save("state", at(17))
    assert writer.saved == []
    assert not saver.is_due(at(21)), "it counts as the others do"


def test_a_run_that_is_asked_to_stop_is_saved_and_says_where(scene):
    saver, writer, stop, _ = scene()
    stop.asked = True
    assert saver.is_due(at(11))
    with pytest.raises(Interrupted, match=r"at step 11: task 0, encode.*saved as .*00000011"):
        saver.save("state", at(11))
    assert [saved[0] for saved in writer.saved] == [11]


def test_a_run_that_could_not_be_saved_stops_too(scene):
    saver, writer, stop, _ = scene()
    writer.broken = stop.asked = True
    assert saver.is_due(at(11))
    with pytest.raises(Interrupted, match="no checkpoint could be written"):
        saver.save("state", at(11))


def test_a_run_that_stops_where_it_cannot_be_saved_says_how_far_back_it_will_go_on(scene):
    saver, writer, stop, _ = scene()
    saver.save("state", at(4))
    writer.broken = stop.asked = True
    assert saver.is_due(at(11))
    with pytest.raises(Interrupted, match=r"at step 11:.*could not be saved.*newest.*00000004"):
        saver.save("state", at(11))


def test_several_processes_agree_every_few_steps_and_at_the_ends_of_stages(scene, monkeypatch):
    saver, *_ = scene(every_steps=0, every_minutes=0)
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    monkeypatch.setattr(module, "any_process", lambda asked: True)  # the other one was asked
    assert not saver.is_due(at(AGREE_EVERY + 1))
    assert saver.is_due(at(AGREE_EVERY + 1, done=0))
    other, *_ = scene(every_steps=0, every_minutes=0)
    assert other.is_due(at(2 * AGREE_EVERY))
