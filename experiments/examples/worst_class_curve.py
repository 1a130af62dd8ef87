"""A figure: the accuracy of the worst class after each task, as the evaluator `worst_class` has measured it."""

from typing import ClassVar

from braincl_jax import FIGURES
from braincl_jax.report import style
from braincl_jax.settings import settings


@FIGURES.register("worst_class_curve")
@settings()
class WorstClassCurve:
    """Beside the accuracy over all classes seen, so that the gap can be seen."""

    scope: ClassVar[str] = "run"

    def draw(self, summaries):
        (summary,) = summaries
        by_task = summary.get("worst_class_by_task")
        if not by_task:
            return None
        figure, axes = style.accuracy_axes(6, summary["num_tasks"])
        axes.set_title("The class that is known worst", loc="left", fontsize=11)
        axes.plot([100 * value for value in by_task], color=style.RED, marker="o", markersize=5)
        return figure
