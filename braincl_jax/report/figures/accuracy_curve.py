"""Accuracy over all classes seen, task after task, of one run."""

from collections.abc import Sequence
from typing import ClassVar

from matplotlib.figure import Figure

from braincl_jax.registry import FIGURES
from braincl_jax.report import style
from braincl_jax.report.summaries import Summary, accuracy_curve, has_accuracy
from braincl_jax.settings import settings

MOST_NUMBERS = 12  # along the curve


@FIGURES.register("accuracy_curve")
@settings()
class AccuracyCurve:
    """One line, with its last value and as many before it as have room written beside it."""

    scope: ClassVar[str] = "run"

    def draw(self, summaries: Sequence[Summary]) -> Figure | None:
        """None for a run without an accuracy matrix."""
        (summary,) = summaries
        if not has_accuracy(summary):
            return None
        percent = 100 * accuracy_curve(summary)
        figure, axes = style.accuracy_axes(6, len(percent))
        axes.plot(
            percent,
            color=style.BLUE,
            linewidth=2,
            marker=style.marker(0, len(percent)),
            markersize=5,
        )
        # The last one, and from there back as many as have room.
        for i in range(len(percent) - 1, -1, -1 - len(percent) // MOST_NUMBERS):
            axes.annotate(
                f"{percent[i]:.1f}",
                (i, percent[i]),
                # Below a high point, above a low one: the number stays inside the plot.
                (0, -14 if percent[i] > 50 else 8),
                textcoords="offset points",
                ha="center",
                fontsize=8,
                color=style.INK,
            )
        return figure
