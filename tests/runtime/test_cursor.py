"""The place of a run: it survives JSON exactly, and knows whose time it is."""

import json
import types

import numpy as np
import pytest

from braincl_jax.runtime import cursor as cursors
from braincl_jax.runtime.cursor import Cursor, from_json, to_json


def test_the_cursor_survives_json_exactly():
    cursor = Cursor("start")
    cursor.steps, cursor.task, cursor.done, cursor.log_bytes = 30, 1, 4, 99
    cursor.enter("encode")
    cursor.unwritten.append({"loss": float(np.float32(0.1)), "slot": -1.0})
    cursor.outcome.figures["accuracy"][0] = {"by_task": [1 / 3]}
    sources = np.array([[0, 4], [0, 0], [1, 2]], np.int32)
    cursor.outcome.notes["sources"] = sources
    cursor.outcome.seconds["encode"] = 0.1 + 0.2
    cursor.outcome.steps["encode"] += 4
    cursor.outcome.peak_bytes["encode"] = 2**40
    again = from_json(json.loads(json.dumps(to_json(cursor))))
    assert to_json(again) == to_json(cursor)
    assert again.outcome.figures == cursor.outcome.figures
    np.testing.assert_array_equal(again.outcome.notes["sources"], sources)
    assert again.outcome.notes["sources"].dtype == np.int32


@pytest.mark.parametrize(
    "note", [{"values": 3}, [1, None, "two"], {"dtype": "int8", "shape": [1]}], ids=str
)
def test_notes_that_are_no_arrays_come_back_as_they_are(note):
    cursor = Cursor("start")
    cursor.outcome.notes["mine"] = note
    assert from_json(json.loads(json.dumps(to_json(cursor)))).outcome.notes["mine"] == note


def test_arrays_of_any_shape_and_kind_come_back():
    cursor = Cursor("start")
    notes = {
        "none": np.zeros((0, 2), np.int32),
        "one": np.array(0.1, np.float32),
        "flags": np.array([[True], [False]]),
    }
    cursor.outcome.notes.update(notes)
    again = from_json(json.loads(json.dumps(to_json(cursor)))).outcome.notes
    for name, note in notes.items():
        assert (again[name].dtype, again[name].shape) == (note.dtype, note.shape)
        np.testing.assert_array_equal(again[name], note)


def test_what_is_stored_changes_no_more_with_the_run():
    cursor = Cursor("start")
    cursor.unwritten.append({"loss": 1.0})
    cursor.outcome.figures["accuracy"][0] = {"by_task": [0.5]}
    stored = to_json(cursor)
    cursor.unwritten[0]["loss"] = 2.0
    cursor.unwritten.clear()
    cursor.outcome.figures["accuracy"][1] = {"by_task": [0.25, 0.5]}
    cursor.outcome.seconds["encode"] += 1
    assert stored["unwritten"] == [{"loss": 1.0}]
    assert stored["figures"] == {"accuracy": {0: {"by_task": [0.5]}}}
    assert stored["seconds"] == {}


def test_a_new_stage_begins_at_its_first_step():
    cursor = Cursor("encode", steps=30, task=1, done=4)
    cursor.enter("memorise")
    assert (cursor.stage, cursor.done, cursor.steps) == ("memorise", 0, 30)
    assert str(cursor) == "step 30: task 1, memorise, 0 steps done in it"


def test_seconds_are_those_since_the_last_lap(monkeypatch):
    cursor = Cursor("encode")
    cursor._lap = 10.0
    clock = iter([12.5, 13.0, 17.0])
    monkeypatch.setattr(cursors, "time", types.SimpleNamespace(monotonic=lambda: next(clock)))
    cursor.lap("encode")  # 12.5
    cursor.lap("checkpoint")  # 13
    cursor.lap("encode")  # 17
    assert cursor.outcome.seconds == {"encode": 6.5, "checkpoint": 0.5}
