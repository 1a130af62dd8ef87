"""The accuracy matrix of one run."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from braincl_jax.registry import FIGURES
from braincl_jax.report import style
from braincl_jax.report.summaries import Summary, accuracy_matrix, has_accuracy
from braincl_jax.settings import settings

TITLE = "Accuracy by task (%)"
# With more tasks than these there are no numbers, and the figure stops growing.
MOST_TASKS_WITH_NUMBERS = 30
COLOURS = {"cmap": "Blues", "vmin": 0, "vmax": 100}


@FIGURES.register("accuracy_matrix")
@settings()
class AccuracyMatrix:
    """A square for each task learned and task tested; of few tasks with the number in it."""

    scope: ClassVar[str] = "run"

    def draw(self, summaries: Sequence[Summary]) -> Figure | None:
        """None for a run without an accuracy matrix."""
        (summary,) = summaries
        if not has_accuracy(summary):
            return None
        percent = 100 * accuracy_matrix(summary)
        few = len(percent) <= MOST_TASKS_WITH_NUMBERS
        figure, axes = _numbers(percent) if few else _colours(percent)
        ticks = range(len(percent)) if few else style.task_ticks(len(percent))
        axes.set(xlabel="images of task", ylabel="after task", xticks=ticks, yticks=ticks)
        axes.spines[:].set_visible(False)
        return figure


def _numbers(percent: NDArray[np.float64]) -> tuple[Figure, Axes]:
    side = 0.5 * len(percent) + 1.2
    figure, axes = style.blank_axes(max(side, 3.2), side, TITLE)
    axes.imshow(percent, **COLOURS)
    for (i, j), value in np.ndenumerate(percent):
        if j <= i:
            ink = "white" if value > 55 else style.INK
            axes.text(j, i, f"{value:.1f}", ha="center", va="center", fontsize=8, color=ink)
    return figure, axes


def _colours(percent: NDArray[np.float64]) -> tuple[Figure, Axes]:
    figure, axes = style.blank_axes(7.2, 6.2, TITLE)
    bar = figure.colorbar(axes.imshow(percent, **COLOURS), ax=axes, shrink=0.8)
    bar.outline.set_visible(False)
    bar.ax.tick_params(colors=style.INK, labelsize=9, length=0)
    return figure, axes
