"""Where a run is and what it has measured: all that the loop knows beside the brain's state."""

import dataclasses
import time
from collections import defaultdict
from typing import Any, NamedTuple

import numpy as np

from braincl_jax.evaluators.base import Figures
from braincl_jax.pipeline import Notes


class Outcome(NamedTuple):
    """What a run measured on its way.

    Attributes:
        figures: evaluator -> task -> its figures, JSON.
        notes: what phases have noted for their method; JSON and NumPy arrays.
        seconds: wall-clock time by stage, and of waiting for checkpoints.
        steps: done, by phase.
        peak_bytes: of the memory of a device, by the phase that has raised it so far.
    """

    figures: dict[str, dict[int, Figures]]
    notes: Notes
    seconds: dict[str, float]
    steps: dict[str, int]
    peak_bytes: dict[str, int]

    @classmethod
    def empty(cls) -> "Outcome":
        """Of a run that has not begun."""
        return cls(defaultdict(dict), {}, defaultdict(float), defaultdict(int), {})


@dataclasses.dataclass
class Cursor:
    """The place of a run; it changes as the run goes on, and a checkpoint holds a copy.

    Attributes:
        stage: name of the current stage, a phase or an examination; see `stages`.
        outcome: what was measured so far.
        steps: done since the beginning; an evaluator counts as one.
        task: current task; the number of tasks at the end.
        done: steps done in this stage.
        unwritten: metrics of steps that the log has no line for yet.
        log_bytes: length of the log at the last checkpoint.
    """

    stage: str
    outcome: Outcome = dataclasses.field(default_factory=Outcome.empty)
    steps: int = 0
    task: int = 0
    done: int = 0
    unwritten: list[dict[str, float]] = dataclasses.field(default_factory=list)
    log_bytes: int = 0
    _lap: float = dataclasses.field(default_factory=time.monotonic, init=False, repr=False)

    def enter(self, stage: str) -> None:
        """Goes on to another stage of the same task."""
        self.stage, self.done = stage, 0

    def lap(self, name: str) -> None:
        """Adds the time since the last call to the seconds of `name`."""
        now = time.monotonic()
        self.outcome.seconds[name] += now - self._lap
        self._lap = now

    def __str__(self) -> str:
        return f"step {self.steps}: task {self.task}, {self.stage}, {self.done} steps done in it"


NAMES = ("steps", "task", "stage", "done", "unwritten", "log_bytes")


def to_json(cursor: Cursor) -> dict[str, Any]:
    """The content of `cursor.json`, a copy; floats survive exactly."""
    outcome = cursor.outcome
    return {name: getattr(cursor, name) for name in NAMES} | {
        "unwritten": [dict(metrics) for metrics in cursor.unwritten],
        "figures": {name: dict(by_task) for name, by_task in outcome.figures.items()},
        "notes": {name: _array_to_json(note) for name, note in outcome.notes.items()},
        "seconds": dict(outcome.seconds),
        "phase_steps": dict(outcome.steps),
        "peak_bytes": dict(outcome.peak_bytes),
    }


def from_json(content: dict[str, Any]) -> Cursor:
    """The cursor that `to_json` wrote."""
    figures = {
        name: {int(task): figures for task, figures in by_task.items()}
        for name, by_task in content["figures"].items()
    }
    outcome = Outcome(
        figures=defaultdict(dict, figures),
        notes={name: _array_from_json(note) for name, note in content["notes"].items()},
        seconds=defaultdict(float, content["seconds"]),
        steps=defaultdict(int, content["phase_steps"]),
        peak_bytes=dict(content["peak_bytes"]),
    )
    return Cursor(outcome=outcome, **{name: content[name] for name in NAMES})


def _array_to_json(note: Any) -> Any:
    if not isinstance(note, np.ndarray):
        return note
    return {"dtype": str(note.dtype), "shape": note.shape, "values": note.ravel().tolist()}


def _array_from_json(note: Any) -> Any:
    if not isinstance(note, dict) or set(note) != {"dtype", "shape", "values"}:
        return note
    return np.array(note["values"], note["dtype"]).reshape(note["shape"])
