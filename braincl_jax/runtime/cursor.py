"""Where a run is and what it has measured: all that the loop knows beside the brain's state."""

import dataclasses
import time
from collections import defaultdict
from typing import Any, NamedTuple

import numpy as np

EVALUATE = "evaluate"


class Outcome(NamedTuple):
    """What a run measured on its way.

    Attributes:
        accuracy: float64 [T, T], row: after task i, column: task j; NaN above the diagonal.
        sources: int32 [n, 2], task and image (position among the task's images) behind each slot; none for a method
            without cues.
        seconds: wall-clock time by phase, and of waiting for checkpoints.
    """

    accuracy: np.ndarray
    sources: np.ndarray
    seconds: dict[str, float]


@dataclasses.dataclass
class Cursor:
    """The place of a run; it changes as the run goes on, and a checkpoint holds a copy.

    Attributes:
        outcome: what was measured so far.
        steps: done since the beginning; the evaluation after a task counts as one.
        task: current task; the number of tasks at the end.
        phase: name of the current phase, or `EVALUATE`.
        done: steps done in this phase.
        unwritten: metrics of steps that the log has no line for yet.
        log_bytes: length of the log at the last checkpoint.
    """

    outcome: Outcome
    steps: int = 0
    task: int = 0
    phase: str = "start"
    done: int = 0
    unwritten: list[dict[str, float]] = dataclasses.field(default_factory=list)
    log_bytes: int = 0
    _lap: float = dataclasses.field(default_factory=time.monotonic, init=False, repr=False)

    @classmethod
    def first(cls, num_tasks: int) -> "Cursor":
        """The beginning of a run."""
        accuracy, sources = np.full((num_tasks, num_tasks), np.nan), np.zeros((0, 2), np.int32)
        return cls(Outcome(accuracy, sources, defaultdict(float)))

    def enter(self, phase: str) -> None:
        """Goes on to another phase of the same task."""
        self.phase, self.done = phase, 0

    def lap(self, name: str) -> None:
        """Adds the time since the last call to the seconds of `name`."""
        now = time.monotonic()
        self.outcome.seconds[name] += now - self._lap
        self._lap = now

    def __str__(self) -> str:
        return f"step {self.steps}: task {self.task}, {self.phase}, {self.done} steps done in it"


def to_json(cursor: Cursor) -> dict[str, Any]:
    """The content of `cursor.json`, a copy; floats survive exactly."""
    names = ("steps", "task", "phase", "done", "log_bytes")
    accuracy = [
        [None if np.isnan(v) else v for v in row] for row in cursor.outcome.accuracy.tolist()
    ]
    return {name: getattr(cursor, name) for name in names} | {
        "unwritten": [dict(metrics) for metrics in cursor.unwritten],
        "accuracy": accuracy,
        "sources": cursor.outcome.sources.tolist(),
        "seconds": dict(cursor.outcome.seconds),
    }


def from_json(content: dict[str, Any]) -> Cursor:
    """The cursor that `to_json` wrote."""
    outcome = Outcome(
        accuracy=np.array(content["accuracy"], np.float64),  # None becomes NaN
        sources=np.array(content["sources"], np.int32).reshape(-1, 2),
        seconds=defaultdict(float, content["seconds"]),
    )
    names = ("steps", "task", "phase", "done", "unwritten", "log_bytes")
    return Cursor(outcome, **{name: content[name] for name in names})
