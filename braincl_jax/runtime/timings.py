"""`timings.jsonl`: how long steps take and what is compiled meanwhile, so that both can be seen to stay as they are.

The file is for people: a run never reads it, and no line is ever taken back. A process that starts or resumes a run
writes `{"from_step": n}` first, and then for every few steps

    task, phase     where; "checkpoint" is the time in which saving kept the run from training
    steps           that the line is about, the batches' preparation included; 1 for each evaluator
    seconds         that they took; the devices were waited for
    compiled        programs that were compiled in that time, in all threads
"""

import json
import time
from pathlib import Path
from typing import Any, NamedTuple

import jax

# What JAX reports of each program that it compiles, or takes from a persistent cache.
COMPILED = "/jax/core/compile/backend_compile_duration"
CHECKPOINT = "checkpoint"


class Lap(NamedTuple):
    """A line of the file.

    Attributes:
        steps: that it is about.
        seconds: that they took.
        compiling: seconds of compiling among them, in all threads.
    """

    steps: int
    seconds: float
    compiling: float


class Timings:
    """Writes the file, as a context manager; the clock runs from one line to the next."""

    def __init__(self, path: Path, from_step: int) -> None:
        """Gets the file and the steps that the run has behind it."""
        self._path, self._from_step = path, from_step
        self._compiled, self._compiling, self._began = 0, 0.0, 0.0

    def __enter__(self) -> "Timings":
        self._file = self._path.open("a", buffering=1)
        jax.monitoring.register_event_duration_secs_listener(self._hear)
        self._write({"from_step": self._from_step})
        self.restart()
        return self

    def __exit__(self, *exception: object) -> None:
        jax.monitoring.unregister_event_duration_listener(self._hear)
        self._file.close()

    def restart(self) -> None:
        """What was up to now belongs to no line."""
        self._compiled, self._compiling, self._began = 0, 0.0, time.perf_counter()

    def lap(self, task: int, phase: str, steps: int) -> Lap:
        """Writes the line of the time since the last one; the devices have done these steps."""
        seconds = round(time.perf_counter() - self._began, 6)
        self._write(
            {
                "task": task,
                "phase": phase,
                "steps": steps,
                "seconds": seconds,
                "compiled": self._compiled,
            }
        )
        lap = Lap(steps, seconds, self._compiling)
        self.restart()
        return lap

    def _write(self, record: dict[str, Any]) -> None:
        self._file.write(json.dumps(record) + "\n")

    def _hear(self, event: str, duration_secs: float, **details: Any) -> None:
        del details
        if event == COMPILED:
            self._compiled += 1
            self._compiling += duration_secs
