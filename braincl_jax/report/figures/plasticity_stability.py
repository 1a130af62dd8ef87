"""Plasticity against stability: how well the new is learned, and how much of the best is kept."""

from collections.abc import Sequence
from typing import ClassVar

from matplotlib.figure import Figure

from braincl_jax.evaluators import metrics
from braincl_jax.registry import FIGURES
from braincl_jax.report import style
from braincl_jax.report.cases import cases_of
from braincl_jax.report.scatter import Point, colours_of, draw_points, dress_plane
from braincl_jax.report.summaries import Summary, accuracy_matrix, has_accuracy
from braincl_jax.settings import settings


@FIGURES.register("plasticity_stability")
@settings()
class PlasticityStability:
    """One point a method, the mean over its seeds: to the right less is forgotten, and higher up more is learned.

    Upwards, plasticity: `metrics.learning_accuracy`. To the right, `metrics.stability`. Joint training among the
    methods shows what a task can be learned to by who has all data so far (the distance to it is intransigence,
    Chaudhry et al. 2018).
    """

    scope: ClassVar[str] = "comparison"

    def draw(self, summaries: Sequence[Summary]) -> Figure | None:
        """Draws the runs of several tasks that have an accuracy matrix; None if there are none.

        Raises:
            ValueError: as `cases_of`.
        """
        runs = [run for run in summaries if has_accuracy(run) and run["num_tasks"] > 1]
        if not runs:
            return None
        cases = cases_of(runs)
        points = [Point(case, *zip(*map(_point, case.runs), strict=True)) for case in cases]
        figure, axes = style.blank_axes(6, 4.4, "Plasticity against stability")
        draw_points(axes, points, colours_of(cases))
        kept, learned = "stability: share kept of the best (%)", "accuracy when just learned (%)"
        dress_plane(axes, kept, f"plasticity: {learned}", log=False)
        return figure


def _point(run: Summary) -> tuple[float, float]:
    """Stability and plasticity of a run, in %."""
    matrix = accuracy_matrix(run)
    sizes = run.get("test_sizes") or [1] * len(matrix)
    return 100 * metrics.stability(matrix, sizes), 100 * metrics.learning_accuracy(matrix, sizes)
