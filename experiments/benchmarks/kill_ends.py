"""Kills a run while it writes its last files and draws its report, and a comparison anywhere; then lets each end.

Command:   python -m experiments.benchmarks.kill_ends --kills=20 --compares=10
Takes:     some 10 minutes on 2 CPU cores.
Expect:    the same states, metrics, summaries and figures as of what was left alone, and no finished run done twice.

`experiments.benchmarks.kill` kills amid steps and checkpoints. Here SIGKILL comes at a random moment after the last
step of the run, or at any moment of a comparison, with the run that it has started.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from braincl_jax.runtime.launches import read_launches
from braincl_jax.runtime.publish import report_is_whole
from braincl_jax.runtime.workdir import LAUNCHES, SUMMARY
from experiments.benchmarks import harness
from experiments.benchmarks.kill import small_run
from experiments.benchmarks.launched import Launched, comparable, differences, progress

REPORT = "report"
VARIANTS = ("--variant=braincl", "--variant=finetune", "--seeds=0,1")


def learned(run: Launched, alone: Path, workdir: Path) -> None:
    """A run that was killed as it began to write its last checkpoint, so that all of its end is still to come."""
    process = run.start(workdir)
    while progress(workdir) < progress(alone) and process.poll() is None:
        time.sleep(0.002)
    process.kill()
    process.wait()


def seconds_at_end(run: Launched, workdir: Path) -> float:
    """How long a run that has nothing left to learn takes to its end, from the line that it writes as it begins."""
    process = _begun(run, workdir)
    began = time.monotonic()
    process.wait()
    return time.monotonic() - began


def kill_at_end(
    run: Launched, template: Path, folder: Path, delays: Sequence[float]
) -> tuple[list[str], list[Path]]:
    """Kills a run that has nothing left to learn, again and again until its report is whole; then another one.

    Args:
        run: the run.
        template: from `learned`; stays as it is.
        folder: gets the copies of it that are killed.
        delays: seconds after a process has begun, one a kill.

    Returns:
        what there was after each kill, "nothing", "summary" or "report", each with what comes before it; and the
        copies, all of them brought to their end.
    """
    found, copies = [], []
    for number, delay in enumerate(delays):
        if not copies or found[-1] == REPORT:
            copies.append(folder / f"killed{number}")
            shutil.copytree(template, copies[-1])
        process = _begun(run, copies[-1])
        time.sleep(delay)
        process.kill()
        process.wait()
        summary = (copies[-1] / SUMMARY).exists()
        whole = report_is_whole(copies[-1])
        found.append(REPORT if whole else "summary" if summary else "nothing")
    for copy in copies:
        run.finish(copy)
    return found, copies


def _begun(run: Launched, workdir: Path) -> subprocess.Popen:
    """A process of the run that has noted that it is there."""
    before = len(read_launches(workdir / LAUNCHES))
    process = run.start(workdir)
    while len(read_launches(workdir / LAUNCHES)) == before and process.poll() is None:
        time.sleep(0.002)
    return process


def kill_comparison(
    compare: Launched, workdir: Path, delays: Sequence[float]
) -> tuple[list[int], list[str]]:
    """Kills a comparison with the run that it has started, again and again; then lets it end.

    Args:
        compare: the comparison.
        workdir: of all its runs.
        delays: seconds after its start, one a kill.

    Returns:
        finished runs after each kill, and the names of those that were done once more though they were finished.

    Raises:
        RuntimeError: it failed when it was left alone.
    """
    finished, written = [], {}
    for delay in delays:
        process = compare.start(workdir)
        try:
            process.wait(timeout=delay)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        written = written_at(workdir) | written
        finished.append(len(written))
    if compare.start(workdir).wait():
        raise RuntimeError(compare.output.read_text()[-2000:])
    last = written_at(workdir)
    return finished, [name for name, when in written.items() if last[name] != when]


def written_at(workdir: Path) -> dict[str, int]:
    """When the summary of each finished run was written, by the name of its folder; nanoseconds."""
    return {path.parent.name: path.stat().st_mtime_ns for path in workdir.glob(f"*/{SUMMARY}")}


def results_of(workdir: Path) -> list[dict[str, Any]]:
    """The figures of a comparison that may not differ."""
    runs = json.loads((workdir / "results.json").read_text())
    return [comparable(run) for run in runs]


def measure_run(
    folder: Path, flags: Sequence[str], kills: int, rng: np.random.Generator
) -> dict[str, Any]:
    """A run that is killed at its end, beside one that was left alone."""
    alone, template, warm = (folder / name for name in ("alone", "learned", "warm"))
    run = small_run(folder, 2, flags)
    run.finish(alone)
    learned(run, alone, template)
    shutil.copytree(template, warm)
    took = seconds_at_end(run, warm)
    found, copies = kill_at_end(run, template, folder, rng.uniform(0, took, kills).tolist())
    return {
        "kills": kills,
        "seconds_at_end": round(took, 2),
        "found_after": dict(Counter(found)),
        "differences": sorted({name for copy in copies for name in differences(alone, copy)}),
        "reports_are_whole": all(map(report_is_whole, copies)),
    }


def measure_comparison(
    folder: Path, flags: Sequence[str], kills: int, rng: np.random.Generator
) -> dict[str, Any]:
    """A comparison that is killed anywhere, beside one that was left alone."""
    config, *settings = [*harness.small_flags(folder), *flags]
    compare = Launched(
        [config, *VARIANTS],
        folder,
        module="experiments.compare",
        environment={"JAX_DISABLE_MOST_OPTIMIZATIONS": "1"},
        behind=["--", *settings],
        own_group=True,
    )
    alone, killed = folder / "compared", folder / "compared_killed"
    began = time.monotonic()
    if compare.start(alone).wait():
        raise RuntimeError(compare.output.read_text()[-2000:])
    took = time.monotonic() - began
    finished, again = kill_comparison(compare, killed, rng.uniform(0, took / 2, kills).tolist())
    return {
        "comparison_kills": kills,
        "finished_after": finished,
        "done_again": again,
        "comparisons_differ": results_of(alone) != results_of(killed),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    line = harness.CommandLine("kill_ends", __doc__)
    line.add_argument("--kills", type=int, default=20, help="of a run at its end")
    line.add_argument("--compares", type=int, default=10, help="kills of a comparison")
    line.add_argument("--seed", type=int, default=0, help="of the moments")
    asked = line.read(arguments)
    kills, compares = (2, 1) if asked.smoke else (asked.kills, asked.compares)
    rng = np.random.default_rng(asked.seed)
    with harness.workplace(asked, harness.QUICKSTART) as (folder, _):
        found = measure_run(folder, asked.config, kills, rng)
        found |= measure_comparison(folder, asked.config, compares, rng)
    harness.show(["", ""], [[name, str(value)] for name, value in found.items()])
    harness.publish(asked, found)
    wrong = found["differences"] or found["done_again"] or found["comparisons_differ"]
    return 1 if wrong or not found["reports_are_whole"] else 0


if __name__ == "__main__":
    sys.exit(main())
