"""Methods side by side: one plot and one table from the `summary.json` of many runs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from braincl_jax.report.page import accuracy_axes, accuracy_curve, markdown_table, number

Summary = Mapping[str, Any]

# Seven colours and five markers: 35 methods before a line looks like another.
COLOURS = ("#2f6690", "#c1452f", "#5b8c5a", "#8a6fa8", "#c9962b", "#4aa3a2", "#6b7280")
MARKERS = ("o", "s", "^", "D", "v")
HEADER = (
    "method",
    "final accuracy (%)",
    "average incremental (%)",
    "forgetting, Chaudhry (points)",
    "memory (bytes)",
    "cues or exemplars",
    "PSNR (dB)",
    "minutes",
)


def write_comparison(path: Path, summaries: Sequence[Summary]) -> Path:
    """Plots accuracy over all classes seen after each task, one line a method, and returns `path`.

    A line is the mean over the seeds of its method, the shade around it runs from the worst to the
    best seed. The legend gives the final accuracy (mean and sample standard deviation) and the mean
    bytes of memory.

    Args:
        path: the PNG to write; its folder is created.
        summaries: `summary.json` objects, one a run, in any order.

    Raises:
        ValueError: as `comparison_table`.
    """
    methods = _runs_by_method(summaries)
    figure, axes = accuracy_axes(8, summaries[0]["num_tasks"])
    for k, (method, runs) in enumerate(methods.items()):
        curves = 100 * np.array([accuracy_curve(run) for run in runs])  # [seeds, T]
        tasks, colour = range(curves.shape[1]), COLOURS[k % len(COLOURS)]
        axes.plot(
            tasks,
            curves.mean(axis=0),
            color=colour,
            linewidth=1.8,
            marker=MARKERS[k % len(MARKERS)],
            markersize=4.5,
            label=f"{method}\n{_final(runs)} %, {_bytes(runs)} bytes",
        )
        axes.fill_between(
            tasks, curves.min(axis=0), curves.max(axis=0), color=colour, alpha=0.15, linewidth=0
        )
    figure.legend(loc="outside right upper", frameon=False, fontsize=8.5, labelspacing=0.9)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    return path


def comparison_table(summaries: Sequence[Summary]) -> str:
    """A GitHub-Markdown table, one row a method in order of first appearance.

    Final accuracy is the mean over n seeds and, from two seeds on, the sample standard deviation
    (divisor n - 1). All other columns are means over the seeds. Minutes are the sum of all
    `wall_seconds` of a run. A measure that no run of the method has reads "n/a".

    Raises:
        ValueError: if there is no run, if runs differ in dataset or number of tasks, if runs of one
            method differ in budget, or if a method has the same seed twice. Comparisons are equal
            or they are not made.
    """
    return markdown_table(
        HEADER, [_row(method, runs) for method, runs in _runs_by_method(summaries).items()]
    )


def _row(method: str, runs: Sequence[Summary]) -> list[str]:
    minutes = float(np.mean([sum(run["wall_seconds"].values()) / 60 for run in runs]))
    return [
        method,
        f"{_final(runs)} (n = {len(runs)})",
        number(_mean(runs, "average_incremental_accuracy", 100), ".2f"),
        number(_mean(runs, "forgetting_chaudhry", 100), ".2f"),
        _bytes(runs),
        number(_mean(runs, "num_cues"), ",.0f"),
        number(_mean(runs, "recall_psnr_db"), ".2f"),
        f"{minutes:.1f}",
    ]


def _final(runs: Sequence[Summary]) -> str:
    percent = [100 * run["final_accuracy"] for run in runs]
    mean = f"{np.mean(percent):.2f}"
    return mean if len(runs) == 1 else f"{mean} ± {np.std(percent, ddof=1):.2f}"


def _bytes(runs: Sequence[Summary]) -> str:
    return f"{np.mean([run['memory_bytes']['total'] for run in runs]):,.0f}"


def _mean(runs: Sequence[Summary], key: str, scale: float = 1) -> float | None:
    """`scale` times the mean of `key` over the runs that have it."""
    values = [run[key] for run in runs if run.get(key) is not None]
    return scale * float(np.mean(values)) if values else None


def _runs_by_method(summaries: Sequence[Summary]) -> dict[str, list[Summary]]:
    """The runs of each method, methods in order of first appearance, after checking them."""
    if not summaries:
        raise ValueError("a comparison needs at least 1 run, got 0")
    methods: dict[str, list[Summary]] = {}
    for run in summaries:
        methods.setdefault(run["method"], []).append(run)
        _check_same("dataset", summaries[0], run)
        _check_same("num_tasks", summaries[0], run)
    for method, runs in methods.items():
        for run in runs:
            _check_same("budget_bytes", runs[0], run)
        seeds = [run["seed"] for run in runs]
        if len(set(seeds)) < len(seeds):
            raise ValueError(f"{method} has {len(seeds)} runs but seeds {seeds}")
    return methods


def _check_same(key: str, one: Summary, other: Summary) -> None:
    if one[key] != other[key]:
        raise ValueError(
            f"runs to compare differ in {key}: {one['method']} has {one[key]!r}, "
            f"{other['method']} has {other[key]!r}"
        )
