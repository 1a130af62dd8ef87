"""Which classes are taken for which when all tasks are learned, of one run."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from braincl_jax.registry import FIGURES
from braincl_jax.report import style
from braincl_jax.report.summaries import Summary, class_names, confusions
from braincl_jax.settings import settings

# With more classes than these there are no numbers, then not all names; the figure stops growing.
MOST_WITH_NUMBERS, MOST_WITH_NAMES = 20, 40
MOST_PAIRS = 20


@FIGURES.register("confusion")
@settings()
class Confusion:
    """The confusion matrix in % of each true class; without a matrix, the most frequent confusions as bars."""

    scope: ClassVar[str] = "run"

    def draw(self, summaries: Sequence[Summary]) -> Figure | None:
        """None for a run without either, see the evaluator `confusion`."""
        (summary,) = summaries
        if summary.get("confusion_matrix") is not None:
            counts = np.array(summary["confusion_matrix"], dtype=np.float64)
            return _matrix(summary, counts)
        pairs = confusions(summary)
        return _pairs(pairs) if pairs else None


def _matrix(summary: Summary, counts: NDArray[np.float64]) -> Figure:
    percent = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    number = len(percent)
    side = 3 + 0.3 * min(number, MOST_WITH_NUMBERS)
    title = "Confusion: % of the images of a true class"
    figure, axes = style.blank_axes(side + 0.8, side, title)
    image = axes.imshow(percent, cmap="Blues", vmin=0, vmax=100)
    if number <= MOST_WITH_NUMBERS:
        _write_numbers(axes, percent)
    else:
        bar = figure.colorbar(image, ax=axes, shrink=0.8)
        bar.outline.set_visible(False)
        bar.ax.tick_params(colors=style.INK, labelsize=9, length=0)
    ticks = range(number) if number <= MOST_WITH_NAMES else style.task_ticks(number)
    names = [style.short(name) for name in class_names(summary, number)]
    shown = [names[place] for place in ticks]
    axes.set_xticks(ticks, shown, rotation=90, fontsize=7.5)
    axes.set_yticks(ticks, shown, fontsize=7.5)
    axes.set(xlabel="predicted class", ylabel="true class")
    axes.spines[:].set_visible(False)
    return figure


def _write_numbers(axes: Axes, percent: NDArray[np.float64]) -> None:
    for (row, column), value in np.ndenumerate(percent):
        if value >= 0.5:
            ink = "white" if value > 55 else style.INK
            text = {"fontsize": 7, "ha": "center", "va": "center", "color": ink}
            axes.text(column, row, f"{value:.0f}", **text)


def _pairs(pairs: Sequence[tuple[str, str, int]]) -> Figure:
    shown = pairs[:MOST_PAIRS]
    title = "Most frequent confusions: true class → predicted class, images"
    figure, axes = style.blank_axes(7, 0.22 * len(shown) + 1.2, title)
    places, counts = range(len(shown)), [count for *_, count in shown]
    axes.barh(places, counts, height=0.7, color=style.BLUE)
    names = [f"{style.short(true)} → {style.short(predicted)}" for true, predicted, _ in shown]
    axes.set_yticks(places, names, fontsize=8)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    return figure
