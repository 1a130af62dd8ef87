"""Plasticity against stability: how well the new is learned, and how much of the best is kept."""

from collections.abc import Sequence
from typing import ClassVar

from matplotlib.figure import Figure

from braincl_jax.registry import FIGURES
from braincl_jax.report import style
from braincl_jax.report.cases import cases_of
from braincl_jax.report.scatter import Point, colours_of, draw_points, dress_plane
from braincl_jax.report.summaries import Summary
from braincl_jax.settings import settings


@FIGURES.register("plasticity_stability")
@settings()
class PlasticityStability:
    """One point a method, the mean over its seeds: to the right less is forgotten, and higher up more is learned."""

    scope: ClassVar[str] = "comparison"

    def draw(self, summaries: Sequence[Summary]) -> Figure | None:
        """Draws the runs that the evaluator `balance` has looked at; None if there are none.

        Raises:
            ValueError: as `cases_of`.
        """
        keys = ("stability", "learning_accuracy")
        runs = [run for run in summaries if all(run.get(key) is not None for key in keys)]
        if not runs:
            return None
        cases = cases_of(runs)
        points = [
            Point(case, *([100 * run[key] for run in case.runs] for key in keys)) for case in cases
        ]
        figure, axes = style.blank_axes(6, 4.4, "Plasticity against stability")
        draw_points(axes, points, colours_of(cases))
        kept, learned = "stability: share kept of the best (%)", "accuracy when just learned (%)"
        dress_plane(axes, kept, f"plasticity: {learned}", log=False)
        return figure
