"""Fifty tasks in a row, interrupted five times: does anything slow down, or is anything compiled again?

Command:   python -m experiments.benchmarks.long_sequence --config.dataset=npz:omniglot.npz
Takes:     about 12 minutes on 2 CPU cores: once undisturbed, once interrupted.
Expect:    no compilation after the first two tasks of each process, step times that stay as they are, every bill within
           the budget, and no difference between the two runs, bit for bit.

SIGKILL and SIGTERM take turns, at steps and with delays drawn from a seed, one in every equal share of the sequence.
Each time the same command resumes the run. A log cannot tell a slower program from a busier machine: times that a tenth
of the lines stay below (`fast`) tell more of the program than medians do, since other work only ever adds time.
"""

import itertools
import json
import signal
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from braincl_jax.report.style import BLUE, FAINT, INK, RED, blank_axes
from braincl_jax.runtime.timings import CHECKPOINT
from braincl_jax.runtime.workdir import SUMMARY, TIMINGS
from experiments.benchmarks import harness
from experiments.benchmarks.budget import free_bytes
from experiments.benchmarks.launched import Interruption, Launched, disturb
from experiments.benchmarks.step_times import Process, compilations, read_timings, step_seconds

SIGNALS = (signal.SIGKILL, signal.SIGTERM)
# Seconds after a checkpoint: some signals come amid a phase, some amid the next checkpoint.
LONGEST_DELAY = 3.0
ENDS = 5  # tasks at the beginning and at the end whose step times are compared
COLOURS = {"encode": BLUE, "replay": RED, "after_task": INK, CHECKPOINT: "#5b8c5a"}
KEPT = (
    *("final_accuracy", "average_incremental_accuracy", "forgetting_chaudhry", "seed"),
    *("num_tasks", "num_cues", "num_train_images", "recall_psnr_db", "raw_train_bytes"),
    *("memory_bytes", "budget_bytes", "wall_seconds", "versions", "device"),
)


def places(number: int, num_steps: int, seed: int) -> list[Interruption]:
    """One interruption in every equal share of the steps; signals take turns."""
    rng = np.random.default_rng(seed)
    # The last share ends early: the run must not be over before the signal comes.
    shares = (np.arange(number) + rng.uniform(0, 0.8, number)) / number
    return [
        Interruption(1 + int(share * num_steps), rng.uniform(0, LONGEST_DELAY), sent)
        for share, sent in zip(shares, itertools.cycle(SIGNALS), strict=False)
    ]


def fast(seconds: list[float]) -> float:
    """The time that a tenth of the lines stay below."""
    return sorted(seconds)[len(seconds) // 10]


def first_and_last(processes: Sequence[Process], num_tasks: int) -> dict[str, dict[str, Any]]:
    """Milliseconds a step of each phase in the first tasks and in the last, and the ratios.

    Phases that came to no line without a compilation in either are left out.
    """
    first = step_seconds(processes, lambda task: task < ENDS)
    last = step_seconds(processes, lambda task: task >= num_tasks - ENDS)
    measures: dict[str, Callable[[list[float]], float]] = {
        "median": statistics.median,
        "fast": fast,
    }
    found: dict[str, dict[str, Any]] = {}
    for phase in (name for name in first if name in last):
        found[phase] = {}
        for name, of in measures.items():
            times = {"first": 1e3 * of(first[phase]), "last": 1e3 * of(last[phase])}
            found[phase][f"{name}_ms"] = {end: round(ms, 3) for end, ms in times.items()}
            found[phase][f"{name}_ratio"] = round(times["last"] / times["first"], 3)
    return found


def outcome(workdir: Path) -> dict[str, Any]:
    """Accuracy, bytes, compilations and step times of the finished run in `workdir`."""
    summary = json.loads((workdir / SUMMARY).read_text())
    total, free = summary["memory_bytes"]["total"], free_bytes(workdir)
    processes = read_timings(workdir / TIMINGS)
    return {name: summary[name] for name in KEPT} | {
        "used_bytes_after_each_task": [total - one for one in free],
        # The block never changes its size; what is free of it must not be less than nothing.
        "within_budget_after_every_task": total <= summary["budget_bytes"] and min(free) >= 0,
        "processes": [compilations(process) for process in processes],
        "step_times": first_and_last(processes, summary["num_tasks"]),
    }


def plot(path: Path, processes: Sequence[Process], num_tasks: int) -> None:
    """Median step time of the long phases by task; dashed lines are where the run was resumed."""
    figure, axes = blank_axes(8, 3.6, "Time of a step, median in each task")
    by_task = [
        step_seconds(processes, lambda one, task=task: one == task) for task in range(num_tasks)
    ]
    for name, colour in COLOURS.items():
        points = {task: some[name] for task, some in enumerate(by_task) if name in some}
        medians = [1e3 * statistics.median(some) for some in points.values()]
        axes.plot(list(points), medians, color=colour, linewidth=1.6, label=name)
    for process in processes[1:]:
        axes.axvline(process.lines[0]["task"], color=FAINT, linestyle="--", linewidth=1)
    axes.set(xlabel="task", ylabel="milliseconds", yscale="log", xlim=(0, num_tasks - 1))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("{x:g}")
    axes.grid(axis="y", color=FAINT, linewidth=0.7)
    figure.legend(loc="outside right upper", frameon=False, fontsize=8.5)
    figure.savefig(path)


def main(arguments: Sequence[str] | None = None) -> int:
    line = harness.CommandLine("long_sequence", __doc__)
    line.add_argument("--interruptions", type=int, default=5, help="how many")
    line.add_argument("--seed", type=int, default=0, help="of the places of the interruptions")
    line.add_argument("--folder", help="keeps the runs; a finished `alone` there is not repeated")
    asked = line.read(arguments)
    number = 2 if asked.smoke else asked.interruptions
    omniglot = "--config=experiments/configs/omniglot_50.py"
    with harness.workplace(asked, omniglot) as (folder, flags):
        run = Launched(flags, folder, environment=harness.environment(asked, 1))
        landings, different = disturb(run, folder, lambda steps: places(number, steps, asked.seed))
        found = outcome(folder / "interrupted")
        if asked.results:
            processes = read_timings(folder / "interrupted" / TIMINGS)
            plot(asked.results.with_suffix(".png"), processes, found["num_tasks"])
    found |= {"interruptions": [one._asdict() for one in landings], "differences": different}
    print(json.dumps(found, indent=2))
    harness.publish(asked, found)
    same = not any(one["compiled_later"] for one in found["processes"]) and not different
    return 0 if same and found["within_budget_after_every_task"] else 1


if __name__ == "__main__":
    sys.exit(main())
