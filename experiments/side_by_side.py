"""Runs of a comparison as processes, several at a time."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from braincl_jax.report.units import duration
from braincl_jax.runtime.interrupt import EXIT_INTERRUPTED, Stop
from experiments.grid import FINISHED, Run, expected_seconds

# What JAX may take of an accelerator's memory at the start; by default it is 0.75, of which there is only one.
MEMORY_SHARE, ALL_PROCESSES = "XLA_PYTHON_CLIENT_MEM_FRACTION", 0.9
POLL_SECONDS = 0.05


class UnderWay(NamedTuple):
    """A run and the process that does it."""

    number: int
    run: Run
    process: subprocess.Popen
    output: IO[bytes] | None


def launch_all(runs: Sequence[Run], stop: Stop, jobs: int = 1) -> list[Run]:
    """Does what is to do, `jobs` runs at a time, in their order; returns those that failed.

    A run that fails keeps no other from being done. Where `stop` is asked for, or a run was interrupted, those under
    way are told to save themselves and waited for. A single run at a time shows its progress; of several, each writes
    what it has to say into FOLDER.log.

    Args:
        runs: the grid.
        stop: whether somebody asked for an end; it is set where a run was interrupted.
        jobs: how many at a time, at least 1.
    """
    # Two names of one run share its folder: it is done once.
    first = {run.folder: number for number, run in reversed([*enumerate(runs, 1)])}
    waiting = [
        (number, run)
        for number, run in enumerate(runs, 1)
        if run.progress != FINISHED and number == first[run.folder]
    ]
    environment = environment_of(jobs, os.environ)
    under_way: list[UnderWay] = []
    failed, told = [], False
    while under_way or (waiting and not stop.asked):
        while waiting and len(under_way) < jobs and not stop.asked:
            number, run = waiting.pop(0)
            seconds = expected_seconds(runs, jobs)
            left = "" if seconds is None else f"; about {duration(seconds)} for all that is left"
            print(f"== run {number} of {len(runs)}: {run.label}, seed {run.seed}{left}", flush=True)
            under_way.append(begin(number, run, environment, logged=jobs > 1))
        if stop.asked and not told:
            told = True
            for one in under_way:
                one.process.terminate()
        for one in [one for one in under_way if one.process.poll() is not None]:
            under_way.remove(one)
            code = one.process.returncode
            if code == EXIT_INTERRUPTED:
                stop.asked = True
            elif code:
                failed += [run for run in runs if run.folder == one.run.folder]
            if one.output is not None:
                one.output.close()
                words = "finished" if not code else f"ended with code {code}, see {one.output.name}"
                print(f"== run {one.number} of {len(runs)}: {words}", flush=True)
        time.sleep(POLL_SECONDS)
    return failed


def begin(number: int, run: Run, environment: Mapping[str, str], *, logged: bool) -> UnderWay:
    """Starts the process of a run; what it prints is shown, or `logged` behind what is in FOLDER.log."""
    command = [
        sys.executable,
        "-m",
        "experiments.launch",
        *run.arguments,
        f"--workdir={run.folder}",
    ]
    output = None
    if logged:
        run.folder.parent.mkdir(parents=True, exist_ok=True)
        output = log_of(run.folder).open("ab")
    process = subprocess.Popen(
        command,
        env=dict(environment),
        stdout=output,
        stderr=None if output is None else subprocess.STDOUT,
    )
    return UnderWay(number, run, process, output)


def log_of(folder: Path) -> Path:
    """Where a run in `folder` writes what it would have printed."""
    return folder.with_name(f"{folder.name}.log")


def environment_of(jobs: int, given: Mapping[str, str]) -> dict[str, str]:
    """The variables of each process: several share the memory of an accelerator, unless the user has said how."""
    environment = dict(given)
    if jobs > 1:
        environment.setdefault(MEMORY_SHARE, f"{ALL_PROCESSES / jobs:.3f}")
    return environment
