"""What a byte is worth: final accuracy, and PSNR of what is recalled, over the bytes of the memory."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from braincl_jax.registry import FIGURES
from braincl_jax.report import style
from braincl_jax.report.summaries import Summary, has_accuracy, runs_by_method
from braincl_jax.settings import settings

# With more points than these, names would hide them.
MOST_NAMES = 24


@FIGURES.register("accuracy_over_bytes")
@settings()
class AccuracyOverBytes:
    """One point a method or variant: the mean over its seeds, in a line from the worst to the best of them."""

    scope: ClassVar[str] = "comparison"

    def draw(self, summaries: Sequence[Summary]) -> Figure | None:
        """Draws the runs that have an accuracy and a bill; None if all their memories are equally large.

        Raises:
            ValueError: as `runs_by_method`.
        """
        runs = [run for run in summaries if has_accuracy(run) and run.get("memory_bytes")]
        if len({run["memory_bytes"]["total"] for run in runs}) < 2:
            return None
        methods = runs_by_method(runs)
        named = len(methods) <= MOST_NAMES
        figure = Figure(figsize=(9, 3.8), dpi=style.DPI, layout="constrained")
        left, right = figure.subplots(1, 2)
        for index, (method, of_method) in enumerate(methods.items()):
            size = float(np.mean([run["memory_bytes"]["total"] for run in of_method]))
            colour = style.COLOURS[index % len(style.COLOURS)]
            name = style.plain(method) if named else ""
            accuracies = [100 * run["final_accuracy"] for run in of_method]
            _draw_point(left, size, accuracies, colour, name)
            recalls = [run.get("recall_psnr_db") for run in of_method]
            decibels = [psnr for psnr in recalls if psnr is not None]
            if decibels:
                _draw_point(right, size, decibels, colour, name)
        for axes, label in ((left, "final accuracy (%)"), (right, "PSNR of recalled images (dB)")):
            axes.set(xscale="log", xlabel="memory (bytes)", ylabel=label)
            axes.margins(x=0.2, y=0.15)
            axes.spines[["top", "right"]].set_visible(False)
            axes.grid(color=style.FAINT, linewidth=0.7)
        return figure


def _draw_point(axes: Axes, size: float, values: Sequence[float], colour: str, name: str) -> None:
    middle = float(np.mean(values))
    axes.vlines(size, min(values), max(values), color=colour, linewidth=1.5, alpha=0.5)
    axes.plot([size], [middle], color=colour, marker="o", markersize=5)
    axes.annotate(name, (size, middle), xytext=(5, 4), textcoords="offset points", fontsize=8)
