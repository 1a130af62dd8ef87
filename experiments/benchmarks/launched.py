"""Experiments in processes of their own, which can be interrupted from outside and compared when they have ended."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from braincl_jax.runtime.checkpoint import numbered, read_arrays
from braincl_jax.runtime.compute import MEASURED
from braincl_jax.runtime.interrupt import EXIT_INTERRUPTED
from braincl_jax.runtime.workdir import CHECKPOINTS, METRICS, SUMMARY

ROOT = Path(__file__).parents[2]
# In summaries of runs that are the same: a commit may be made while they last.
MAY_DIFFER = {"wall_seconds", "versions", "commit", "commits", "sha256"}
# How a run ends after a signal.
ENDS = {signal.SIGKILL: -signal.SIGKILL, signal.SIGTERM: EXIT_INTERRUPTED}


class Interruption(NamedTuple):
    """When a run is interrupted.

    Attributes:
        steps: it begins to write a checkpoint of so many steps, or more.
        delay: seconds after that.
        number: of the signal.
        checkpoint_steps: from one of its checkpoints to the next; 0: ends of phases only.
    """

    steps: int
    delay: float
    number: signal.Signals = signal.SIGKILL
    checkpoint_steps: int = 0


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
    """What a command does with some flags, each time in a new process.

    Attributes:
        output: what the last of them printed.
    """

    def __init__(
        self,
        flags: Sequence[str],
        folder: Path,
        *,
        module: str = "experiments.launch",
        root: Path = ROOT,
        environment: Mapping[str, str] | None = None,
        behind: Sequence[str] = (),
        own_group: bool = False,
    ) -> None:
        """Starts nothing.

        Args:
            flags: of the module.
            folder: gets what the processes print, and compiled programs: a restart takes seconds.
            module: what `python -m` runs.
            root: the checkout whose code runs.
            environment: variables besides those of this process.
            behind: arguments that come after all flags.
            own_group: whether each process leads a group, which can be killed with all that it has started.
        """
        self._own_group, self._behind = own_group, behind
        self._command = [sys.executable, "-m", module, *flags]
        self._root, self.output = root, folder / "output.txt"
        self._environment = {
            **os.environ,
            "PYTHONPATH": str(root),
            "JAX_COMPILATION_CACHE_DIR": str(folder / "compiled"),
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
            "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
            **(environment or {}),
        }

    def start(self, workdir: Path, checkpoint_steps: int = 0) -> subprocess.Popen:
        """Starts or resumes the run; it saves itself after so many steps (0: as it does by itself)."""
        flags = [f"--workdir={workdir}"]
        if checkpoint_steps:
            flags.append(f"--checkpoint_steps={checkpoint_steps}")
        with self.output.open("w") as output:
            return subprocess.Popen(
                [*self._command, *flags, *self._behind],
                cwd=self._root,
                env=self._environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=self._own_group,
            )

    def finish(self, workdir: Path, checkpoint_steps: int = 0) -> dict[str, Any]:
        """Starts or resumes the run, waits for its end, and gives its summary.

        Raises:
            RuntimeError: it failed.
        """
        if self.start(workdir, checkpoint_steps).wait():
            raise RuntimeError(self.output.read_text()[-2000:])
        return json.loads((workdir / SUMMARY).read_text())

    def interrupt(self, workdir: Path, at: Interruption) -> Landing:
        """Starts or resumes the run, and sends it a signal.

        Raises:
            RuntimeError: it ended by itself.
        """
        process = self.start(workdir, at.checkpoint_steps)
        while progress(workdir) < at.steps and process.poll() is None:
            time.sleep(0.002)
        time.sleep(at.delay)
        process.send_signal(at.number)
        if process.wait() != ENDS[at.number]:
            end = self.output.read_text()[-2000:]
            raise RuntimeError(f"{at.number.name} did not end it: {end}")
        return _landing(workdir)


def disturb(
    run: Launched, folder: Path, places: Callable[[int], Sequence[Interruption]]
) -> tuple[list[Landing], list[str]]:
    """Does a run twice, in `folder`/alone and, interrupted and resumed each time, in `folder`/interrupted.

    Args:
        run: the run.
        folder: gets both; a finished run in it is not repeated.
        places: steps of the whole run -> when it is interrupted, in order.

    Returns:
        where the signals landed, and what differs at the end, see `differences`.
    """
    alone, interrupted = folder / "alone", folder / "interrupted"
    run.finish(alone)
    landings = interrupt(run, interrupted, places(progress(alone)))
    return landings, differences(alone, interrupted)


def interrupt(run: Launched, workdir: Path, places: Sequence[Interruption]) -> list[Landing]:
    """Runs to the end through all these interruptions."""
    landings = []
    for at in places:
        # A signal comes late at times: the next one still has to see new progress.
        later = max(at.steps, progress(workdir) + 1)
        landings.append(run.interrupt(workdir, at._replace(steps=later)))
    run.finish(workdir)
    return landings


def progress(workdir: Path) -> int:
    """Steps behind the newest checkpoint, complete or not."""
    return max((int(path.stem) for path in (workdir / CHECKPOINTS).glob("*")), default=0)


def _landing(workdir: Path) -> Landing:
    complete, begun = numbered(workdir / CHECKPOINTS), progress(workdir)
    if not complete:
        return Landing(0, "start", 0, begun)
    cursor = json.loads((complete[-1] / "cursor.json").read_text())
    steps = cursor["steps"]
    return Landing(cursor["task"], cursor["stage"], steps, begun if begun > steps else 0)


def differences(one: Path, other: Path) -> list[str]:
    """What differs between two finished runs: arrays of their last states by name, metrics, summaries."""
    arrays, others = (_last_arrays(path) for path in (one, other))
    found = [
        name
        for name in sorted(arrays.keys() | others.keys())
        if name not in arrays or name not in others or not _same(arrays[name], others[name])
    ]
    if (one / METRICS).read_bytes() != (other / METRICS).read_bytes():
        found.append(METRICS)
    if _comparable_summary(one) != _comparable_summary(other):
        found.append(SUMMARY)
    return found


def _last_arrays(workdir: Path) -> dict[str, np.ndarray]:
    """The newest checkpoint's; none where no checkpoint could be written."""
    checkpoints = numbered(workdir / CHECKPOINTS)
    return read_arrays(checkpoints[-1]) if checkpoints else {}


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    return (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())


def _comparable_summary(workdir: Path) -> dict[str, Any]:
    summary = json.loads((workdir / SUMMARY).read_text())
    return comparable(summary)


def comparable(summary: Mapping[str, Any]) -> dict[str, Any]:
    """What of a summary may not differ between two runs that are the same."""
    compute = summary.get("compute") or {}
    costs = {name: column for name, column in compute.items() if name not in MEASURED}
    return {name: summary[name] for name in summary.keys() - MAY_DIFFER} | {"compute": costs}
