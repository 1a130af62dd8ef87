"""Accuracy of each class when all tasks are learned, of one run."""

from collections.abc import Sequence
from typing import ClassVar

from matplotlib.figure import Figure

from braincl_jax.registry import FIGURES
from braincl_jax.report import style
from braincl_jax.report.summaries import Summary, class_accuracies, worst_and_best
from braincl_jax.settings import settings

MOST_CLASSES = 40


@FIGURES.register("class_accuracy")
@settings()
class ClassAccuracy:
    """A bar a class in the class order, in the colour of its task; of many classes, the worst and the best."""

    scope: ClassVar[str] = "run"

    def draw(self, summaries: Sequence[Summary]) -> Figure | None:
        """None for a run without `class_accuracy`, see the evaluator `confusion`."""
        (summary,) = summaries
        known = class_accuracies(summary)
        if not known:
            return None
        shown = worst_and_best(known, MOST_CLASSES)
        title = "Accuracy by class (%), a colour a task"
        if len(shown) < len(known):
            title = f"Accuracy (%) of the worst and the best of {len(known):,} classes"
        figure, axes = style.blank_axes(6.5, 0.2 * len(shown) + 1.2, title)
        places, percent = range(len(shown)), [100 * one.accuracy for one in shown]
        colours = [style.COLOURS[(one.task or 0) % len(style.COLOURS)] for one in shown]
        axes.barh(places, percent, height=0.7, color=colours)
        axes.set_yticks(places, [style.short(one.name) for one in shown], fontsize=8)
        for place, value in zip(places, percent, strict=True):
            text = {"fontsize": 7.5, "va": "center", "color": style.INK}
            axes.text(value + 1, place, f"{value:.1f}", **text)
        axes.set(xlim=(0, 108), ylim=(len(shown) - 0.4, -0.6))
        return figure
