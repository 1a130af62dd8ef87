"""Accuracy over all classes seen, task after task, of many methods."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from braincl_jax.registry import FIGURES
from braincl_jax.report import style
from braincl_jax.report.cases import cases_of
from braincl_jax.report.summaries import Summary, accuracy_curve, has_accuracy
from braincl_jax.report.tables import mean_text
from braincl_jax.settings import settings

# Inches of a line of the legend, and how far it may make the plot grow.
LEGEND_LINE, MOST_HEIGHT = 0.4, 12


@FIGURES.register("comparison_curve")
@settings()
class ComparisonCurve:
    """One line a method, or a method's budget and cap.

    A line is the mean over its seeds, the shade around it runs from the worst to the best seed. The
    legend gives the final accuracy (mean and sample standard deviation) and the mean bytes of memory.
    """

    scope: ClassVar[str] = "comparison"

    def draw(self, summaries: Sequence[Summary]) -> Figure | None:
        """Draws the runs that have an accuracy matrix; None if there are none.

        Raises:
            ValueError: as `cases_of`.
        """
        runs = [run for run in summaries if has_accuracy(run)]
        if not runs:
            return None
        cases = cases_of(runs)
        height = min(max(3.6, LEGEND_LINE * len(cases)), MOST_HEIGHT)
        figure, axes = style.accuracy_axes(8, runs[0]["num_tasks"], height)
        for index, case in enumerate(cases):
            _draw_case(axes, index, case.name, case.runs)
        figure.legend(
            loc="outside right upper",
            frameon=False,
            fontsize=8.5,
            labelspacing=0.9,
            handlelength=3,
        )
        return figure


def _draw_case(axes: Axes, index: int, name: str, runs: Sequence[Summary]) -> None:
    percent = 100 * np.array([accuracy_curve(run) for run in runs])  # [seeds, T]
    tasks, colour = range(percent.shape[1]), style.COLOURS[index % len(style.COLOURS)]
    sizes = [run["memory_bytes"]["total"] for run in runs if run.get("memory_bytes")]
    memory = f", {np.mean(sizes):,.0f} bytes" if sizes else ""
    axes.plot(
        tasks,
        percent.mean(axis=0),
        color=colour,
        linewidth=1.8,
        linestyle=style.stroke(index),
        marker=style.marker(index, len(tasks)),
        markersize=4.5,
        label=style.plain(f"{name}\n{mean_text(percent[:, -1].tolist(), '.2f')} %{memory}"),
    )
    worst, best = percent.min(axis=0), percent.max(axis=0)
    axes.fill_between(tasks, worst, best, color=colour, alpha=0.15, linewidth=0)
