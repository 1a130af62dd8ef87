"""What is learned against what is kept, of many methods."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from matplotlib.figure import Figure

from braincl_jax.evaluators import metrics
from braincl_jax.registry import FIGURES
from braincl_jax.report import style
from braincl_jax.report.summaries import Summary, accuracy_matrix, has_accuracy, runs_by_method
from braincl_jax.settings import settings

# With more points than these, names would hide them.
MOST_NAMES = 24


@FIGURES.register("stability_plasticity")
@settings()
class StabilityPlasticity:
    """A point a method, the mean over its seeds, and a faint one a seed.

    To the right, plasticity: `metrics.learning_accuracy`. Upwards, stability: `metrics.stability`. Joint training among
    the methods shows what a task can be learned to by who has all data so far (its distance to the right is
    intransigence, Chaudhry et al. 2018).
    """

    scope: ClassVar[str] = "comparison"

    def draw(self, summaries: Sequence[Summary]) -> Figure | None:
        """Draws the runs of several tasks that have an accuracy matrix; None if there are none.

        Raises:
            ValueError: as `runs_by_method`.
        """
        runs = [run for run in summaries if has_accuracy(run) and run["num_tasks"] > 1]
        if not runs:
            return None
        methods = runs_by_method(runs)
        figure, axes = style.blank_axes(6.5, 4.6, "What is learned against what is kept")
        for index, (method, of_method) in enumerate(methods.items()):
            colour = style.COLOURS[index % len(style.COLOURS)]
            points = np.array([_point(run) for run in of_method])
            axes.plot(*points.T, color=colour, alpha=0.35, marker=".", linestyle="")
            x, y = points.mean(axis=0)
            axes.plot([x], [y], color=colour, marker=style.marker(index // 7, 1), markersize=6)
            name = style.plain(method) if len(methods) <= MOST_NAMES else ""
            place = {"xytext": (6, 4), "textcoords": "offset points"}
            axes.annotate(name, (x, y), fontsize=8, color=style.INK, **place)
        axes.set(xlabel="plasticity: accuracy of a task when just learned (%)")
        axes.set(ylabel="stability: share of its best that a task keeps (%)")
        axes.margins(x=0.2, y=0.15)
        axes.grid(color=style.FAINT, linewidth=0.7)
        return figure


def _point(run: Summary) -> tuple[float, float]:
    """Plasticity and stability of a run, in %."""
    matrix = accuracy_matrix(run)
    sizes = run.get("test_sizes") or [1] * len(matrix)
    return 100 * metrics.learning_accuracy(matrix, sizes), 100 * metrics.stability(matrix, sizes)
