"""Experiments in processes of their own, which can be interrupted from outside and compared when they have ended."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from braincl_jax.runtime.checkpoint import numbered, read_arrays
from braincl_jax.runtime.interrupt import EXIT_INTERRUPTED

ROOT = Path(__file__).parents[2]
# How a run ends after a signal.
ENDS = {signal.SIGKILL: -signal.SIGKILL, signal.SIGTERM: EXIT_INTERRUPTED}


class Landing(NamedTuple):
    """Where a signal hit a run.

    Attributes:
        task, phase: of the newest complete checkpoint once the run had ended.
        steps: that this checkpoint has behind it; 0 if there is none.
        saving: steps behind the checkpoint that was being written; 0 if there was none.
    """

    task: int
    phase: str
    steps: int
    saving: int


class Launched:
    """What `experiments.launch` does with some flags, each time in a new process."""

    def __init__(
        self, flags: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        """Starts nothing.

        Args:
            flags: of `experiments.launch`.
            folder: gets what the processes print, and compiled programs: a restart takes seconds.
            environment: variables besides those of this process.
        """
        self._command = [sys.executable, "-m", "experiments.launch", *flags]
        self._output = folder / "output.txt"
        self._environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "JAX_COMPILATION_CACHE_DIR": str(folder / "compiled"),
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
            "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
            **(environment or {}),
        }

    def start(self, workdir: Path, checkpoint_steps: int = 0) -> subprocess.Popen:
        """Starts or resumes the run; it saves itself after so many steps, and at the end of phases."""
        with self._output.open("w") as output:
            return subprocess.Popen(
                [*self._command, f"--workdir={workdir}", f"--checkpoint_steps={checkpoint_steps}"],
                cwd=ROOT,
                env=self._environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def finish(self, workdir: Path) -> None:
        """Starts or resumes the run and waits for its end.

        Raises:
            RuntimeError: it failed.
        """
        if self.start(workdir).wait():
            raise RuntimeError(self._output.read_text()[-2000:])

    def interrupt_at(
        self,
        workdir: Path,
        steps: int,
        *,
        delay: float,
        checkpoint_steps: int = 0,
        number: signal.Signals = signal.SIGKILL,
    ) -> Landing:
        """Starts or resumes the run, and sends a signal `delay` seconds after its checkpoint of `steps` or more begins.

        Raises:
            RuntimeError: it ended by itself.
        """
        process = self.start(workdir, checkpoint_steps)
        while progress(workdir) < steps and process.poll() is None:
            time.sleep(0.002)
        time.sleep(delay)
        process.send_signal(number)
        if process.wait() != ENDS[number]:
            raise RuntimeError(f"{number.name} did not end it: {self._output.read_text()[-2000:]}")
        return _landing(workdir)


def progress(workdir: Path) -> int:
    """Steps behind the newest checkpoint, complete or not."""
    return max((int(path.stem) for path in (workdir / "checkpoints").glob("*")), default=0)


def _landing(workdir: Path) -> Landing:
    complete, begun = numbered(workdir / "checkpoints"), progress(workdir)
    if not complete:
        return Landing(0, "start", 0, begun)
    cursor = json.loads((complete[-1] / "cursor.json").read_text())
    steps = cursor["steps"]
    return Landing(cursor["task"], cursor["phase"], steps, begun if begun > steps else 0)


def differences(one: Path, other: Path) -> list[str]:
    """What differs between two finished runs: arrays of their last states by name, metrics, summaries."""
    arrays, others = (read_arrays(numbered(path / "checkpoints")[-1]) for path in (one, other))
    found = [
        name
        for name in sorted(arrays.keys() | others.keys())
        if name not in arrays or name not in others or not _same(arrays[name], others[name])
    ]
    if (one / "metrics.jsonl").read_bytes() != (other / "metrics.jsonl").read_bytes():
        found.append("metrics.jsonl")
    if _comparable_summary(one) != _comparable_summary(other):
        found.append("summary.json")
    return found


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    return (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())


def _comparable_summary(workdir: Path) -> dict[str, Any]:
    summary = json.loads((workdir / "summary.json").read_text())
    return {name: summary[name] for name in summary.keys() - {"wall_seconds", "versions"}}
