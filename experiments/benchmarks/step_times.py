"""What `timings.jsonl` says of a long sequence: whether steps slow down, and whether anything is compiled again."""

import json
import statistics
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from braincl_jax.report.style import BLUE, FAINT, INK, RED, blank_axes
from braincl_jax.runtime.timings import CHECKPOINT

COLOURS = {"encode": BLUE, "replay": RED, "evaluate": INK, CHECKPOINT: "#5b8c5a"}
# Other work on the machine only ever adds time: the fast lines tell more of the program than the median does.
FAST = 0.1


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
    by_task: dict[int, int] = defaultdict(int)
    for line in process.lines:
        by_task[line["task"]] += line["compiled"]
    # What is saved after the evaluation is the beginning of the next task.
    tasks = sorted({line["task"] for line in process.lines if line["phase"] != CHECKPOINT})
    return {
        "from_step": process.from_step,
        "first_task": tasks[0],
        "last_task": tasks[-1],
        "compiled_in_first_two_tasks": sum(by_task[task] for task in tasks[:2]),
        "compiled_later": sum(number for task, number in by_task.items() if task not in tasks[:2]),
    }


def step_seconds(
    processes: Sequence[Process], phase: str, wanted: Callable[[int], bool]
) -> list[float]:
    """Seconds a step of every line of a phase in some tasks; those in which something was compiled do not count."""
    return [
        line["seconds"] / line["steps"]
        for process in processes
        for line in process.lines
        if line["phase"] == phase and wanted(line["task"]) and not line["compiled"]
    ]


def first_and_last(
    processes: Sequence[Process], num_tasks: int, number: int
) -> dict[str, dict[str, Any]]:
    """Milliseconds a step of each phase in the first `number` tasks and in the last, median and fast, and the ratios.

    Phases that came to no line without a compilation in either are left out.
    """
    names = dict.fromkeys(line["phase"] for process in processes for line in process.lines)
    ends = {
        "first": lambda task: task < number,
        "last": lambda task: task >= num_tasks - number,
    }
    figures = {}
    for name in names:
        seconds = {end: step_seconds(processes, name, has) for end, has in ends.items()}
        if all(seconds.values()):
            figures[name] = _compared({"median": statistics.median, "fast": _fast}, seconds)
    return figures


def _compared(
    measures: dict[str, Callable[[list[float]], float]], seconds: dict[str, list[float]]
) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for measure, of in measures.items():
        first, last = of(seconds["first"]), of(seconds["last"])
        figures[f"{measure}_ms"] = {"first": round(1e3 * first, 3), "last": round(1e3 * last, 3)}
        figures[f"{measure}_ratio"] = round(last / first, 3)
    return figures


def _fast(seconds: list[float]) -> float:
    """The time that a tenth of the lines stay below."""
    return sorted(seconds)[int(FAST * len(seconds))]


def plot(path: Path, processes: Sequence[Process], num_tasks: int) -> None:
    """Median step time of the long phases by task; dashed lines are where the run was resumed."""
    figure, axes = blank_axes(8, 3.6, "Time of a step, median in each task")
    for name, colour in COLOURS.items():
        points = {
            task: step_seconds(processes, name, lambda one, task=task: one == task)
            for task in range(num_tasks)
        }
        medians = {task: 1e3 * statistics.median(some) for task, some in points.items() if some}
        axes.plot(list(medians), list(medians.values()), color=colour, linewidth=1.6, label=name)
    for process in processes[1:]:
        axes.axvline(process.lines[0]["task"], color=FAINT, linestyle="--", linewidth=1)
    axes.set(xlabel="task", ylabel="milliseconds", yscale="log", xlim=(0, num_tasks - 1))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("{x:g}")
    axes.grid(axis="y", color=FAINT, linewidth=0.7)
    figure.legend(loc="outside right upper", frameon=False, fontsize=8.5)
    figure.savefig(path)
