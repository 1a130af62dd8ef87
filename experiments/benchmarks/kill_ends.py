"""Kills a run while it writes its last files and draws its report, and a comparison anywhere; then lets each end.

Command:   python -m experiments.benchmarks.kill_ends --kills=20 --compares=10
Takes:     some 10 minutes on 2 CPU cores.
Expect:    the same states, metrics, summaries and figures as of what was left alone, and no finished run done twice.

`experiments.benchmarks.kill` kills amid steps and checkpoints. Here SIGKILL comes at a random moment after the last
checkpoint of the run, or at any moment of a comparison, with the run that it has started.
"""

import json
import os
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
from experiments.benchmarks.launched import MAY_DIFFER, Launched, differences, progress

VARIANTS = ("--variant=braincl", "--variant=finetune", "--seeds=0,1")


def kill_at_end(run: Launched, alone: Path, workdir: Path, delays: Sequence[float]) -> list[str]:
    """Kills a run so many seconds after it has nothing left to learn, again and again; then lets it end.

    Args:
        run: the run.
        alone: where it was left alone.
        workdir: where it is killed.
        delays: seconds, one a kill, after the last checkpoint is begun or, from the second time on, after the process
            has found it.

    Returns:
        what there was after each kill: "nothing", "summary" or "report", each with what comes before it.
    """
    last, found = progress(alone), []
    for delay in delays:
        begun = len(read_launches(workdir / LAUNCHES))
        process = run.start(workdir)
        while not _is_at_end(workdir, last, begun) and process.poll() is None:
            time.sleep(0.002)
        time.sleep(delay)
        process.kill()
        process.wait()
        summary = (workdir / SUMMARY).exists()
        found.append("report" if report_is_whole(workdir) else "summary" if summary else "nothing")
    run.finish(workdir)
    return found


def _is_at_end(workdir: Path, last: int, begun: int) -> bool:
    """Whether another process than the first `begun` ones has all steps behind it."""
    return progress(workdir) >= last and len(read_launches(workdir / LAUNCHES)) > begun


def seconds_at_end(run: Launched, alone: Path, workdir: Path) -> float:
    """How long a run takes from its last checkpoint on."""
    process = run.start(workdir)
    while not _is_at_end(workdir, progress(alone), 0) and process.poll() is None:
        time.sleep(0.002)
    began = time.monotonic()
    process.wait()
    return time.monotonic() - began


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
    return [{name: run[name] for name in run.keys() - MAY_DIFFER} for run in runs]


def measure_run(
    folder: Path, flags: Sequence[str], kills: int, rng: np.random.Generator
) -> dict[str, Any]:
    """A run that is killed at its end, beside one that was left alone."""
    alone, killed = folder / "alone", folder / "killed"
    run = small_run(folder, 2, flags)
    run.finish(alone)
    took = seconds_at_end(run, alone, folder / "warm")  # its programs are compiled
    found = kill_at_end(run, alone, killed, rng.uniform(0, took, kills).tolist())
    return {
        "kills": kills,
        "found_after": dict(Counter(found)),
        "differences": differences(alone, killed),
        "report_is_whole": report_is_whole(killed),
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
    return 1 if wrong or not found["report_is_whole"] else 0


if __name__ == "__main__":
    sys.exit(main())
