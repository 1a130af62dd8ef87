"""What `timings.jsonl` says: how long steps take, and whether anything is compiled again."""

import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from braincl_jax.runtime.timings import CHECKPOINT
from braincl_jax.runtime.workdir import TIMINGS
from experiments.benchmarks.launched import Launched

# What is looked at when all tasks are learned is compiled then, once, and is no part of learning.
AT_END = "at_end"
LOOKS_BACK = ("after_wake", "after_task")


class Process(NamedTuple):
    """Lines of one process.

    Attributes:
        from_step: steps that the run had behind it.
        lines: as `runtime.timings` describes them.
    """

    from_step: int
    lines: list[dict[str, Any]]


def read_timings(path: Path) -> list[Process]:
    """One entry for each time that the run was started or resumed."""
    processes = []
    for line in map(json.loads, path.read_text().splitlines()):
        if "from_step" in line:
            processes.append(Process(line["from_step"], []))
        else:
            processes[-1].lines.append(line)
    return processes


def compilations(process: Process) -> dict[str, Any]:
    """Programs compiled in each task of a process; after two tasks it has been in every phase."""
    # What is saved after the evaluation is the beginning of the next task.
    tasks = sorted({line["task"] for line in process.lines if line["phase"] != CHECKPOINT})
    learning = [line for line in process.lines if line["phase"] != AT_END]
    return {
        "from_step": process.from_step,
        "first_task": tasks[0],
        "last_task": tasks[-1],
        "compiled_in_first_two_tasks": sum(
            line["compiled"] for line in learning if line["task"] in tasks[:2]
        ),
        "compiled_later": sum(
            line["compiled"] for line in learning if line["task"] not in tasks[:2]
        ),
    }


def step_seconds(
    processes: Sequence[Process], wanted: Callable[[int], bool] = lambda task: True
) -> dict[str, list[float]]:
    """Seconds a step of the lines of some tasks, by phase; those in which something was compiled do not count.

    Evaluators look at all tasks so far: their seconds are by task.
    """
    seconds: dict[str, list[float]] = {}
    for process in processes:
        for line in process.lines:
            if wanted(line["task"]) and not line["compiled"]:
                number = line["task"] + 1 if line["phase"] in LOOKS_BACK else line["steps"]
                seconds.setdefault(line["phase"], []).append(line["seconds"] / number)
    return seconds


def runs_in_turn(
    runs: Mapping[str, Launched], folder: Path, rounds: int
) -> list[dict[str, dict[str, float]]]:
    """Does whole runs in turn, round after round, and after one round that does not count: there, they are compiled.

    Args:
        runs: by name.
        folder: gets WORKDIR `NAME-ROUND` of each.
        rounds: that count.

    Returns:
        of each round {run: {phase: median seconds of a step}}.
    """
    measured = []
    for number in range(rounds + 1):
        measured.append({})
        for name, run in runs.items():
            workdir = folder / f"{name}-{number}"
            run.finish(workdir)
            seconds = step_seconds(read_timings(workdir / TIMINGS))
            measured[-1][name] = {phase: statistics.median(x) for phase, x in seconds.items()}
    return measured[1:]


def ratios(
    measured: Sequence[Mapping[str, Mapping[str, float]]], of: str, to: str, phases: Sequence[str]
) -> dict[str, float]:
    """How many times as long a step of run `of` takes as one of run `to`, phase by phase: medians over rounds."""
    return {
        phase: round(statistics.median(one[of][phase] / one[to][phase] for one in measured), 3)
        for phase in phases
    }
