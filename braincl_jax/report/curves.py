"""Metrics over steps, from the `curves` of a summary: reading them, and drawing them task by task."""

from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from braincl_jax.report import style
from braincl_jax.report.summaries import Summary

# With more tasks than these, a curve is one line of one colour.
MOST_TASKS = 20


class Curve(NamedTuple):
    """One metric of one phase, n points in the order of its steps.

    Attributes:
        task: int64 [n].
        step: steps of the phase up to here, over all tasks; int64 [n].
        value: float64 [n].
    """

    task: NDArray[np.int64]
    step: NDArray[np.int64]
    value: NDArray[np.float64]


def curve(summary: Summary, phase: str, metric: str) -> Curve | None:
    """What a summary has of a metric, without the points at which it was not measured; None if it has nothing."""
    columns = (summary.get("curves") or {}).get(phase) or {}
    value = np.array(columns.get(metric) or (), dtype=np.float64)
    known = np.isfinite(value)
    if not known.any():
        return None
    task, step = (np.array(columns[name], np.int64)[known] for name in ("task", "step"))
    return Curve(task, step, value[known])


def phases_with(summary: Summary, metric: str) -> list[str]:
    """The phases that measure a metric, in the order of the run."""
    return [name for name in summary.get("curves") or {} if curve(summary, name, metric)]


def curve_panels(number: int) -> tuple[Figure, list[Axes]]:
    """`number` empty plots over steps, side by side, in the house style."""
    figure = Figure(figsize=(4.6 * number, 3.4), dpi=style.DPI, layout="constrained")
    panels = list(figure.subplots(1, number, squeeze=False)[0])
    for axes in panels:
        style.dress(axes)
        axes.grid(axis="y", color=style.FAINT, linewidth=0.7)
    return figure, panels


def draw_by_task(axes: Axes, curve: Curve) -> None:
    """A line for each task, in colours that change from one to the next; of many tasks, one line."""
    tasks = np.unique(curve.task)
    if len(tasks) > MOST_TASKS:
        axes.plot(curve.step, curve.value, color=style.BLUE, linewidth=1.2)
        return
    for number, task in enumerate(tasks):
        own = curve.task == task
        lone = "o" if own.sum() == 1 else None
        colour = style.COLOURS[number % len(style.COLOURS)]
        line = {"color": colour, "linewidth": 1.2, "marker": lone, "markersize": 3}
        axes.plot(curve.step[own], curve.value[own], **line)
