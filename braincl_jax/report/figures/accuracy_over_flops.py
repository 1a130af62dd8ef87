"""What compute is worth: final accuracy over floating-point operations."""

from collections.abc import Sequence
from typing import ClassVar

from matplotlib.figure import Figure

from braincl_jax.registry import FIGURES
from braincl_jax.report import style
from braincl_jax.report.cases import cases_of
from braincl_jax.report.costs import total_costs
from braincl_jax.report.scatter import Point, colours_of, draw_points, dress_plane
from braincl_jax.report.summaries import Summary, has_accuracy
from braincl_jax.settings import settings


@FIGURES.register("accuracy_over_flops")
@settings()
class AccuracyOverFlops:
    """One point a method and cap, the mean over its seeds; those of a method with several caps are joined."""

    scope: ClassVar[str] = "comparison"

    def draw(self, summaries: Sequence[Summary]) -> Figure | None:
        """Draws the runs whose accuracy and operations are known; None if there are none.

        Raises:
            ValueError: as `cases_of`.
        """
        runs = [run for run in summaries if has_accuracy(run) and total_costs(run).flops]
        if not runs:
            return None
        cases = cases_of(runs)
        points = [
            Point(
                case,
                [(total_costs(run).flops or 0) / 1e12 for run in case.runs],
                [100 * run["final_accuracy"] for run in case.runs],
            )
            for case in cases
        ]
        figure, axes = style.blank_axes(6, 3.8, "Final accuracy over compute")
        draw_points(axes, points, colours_of(cases))
        dress_plane(axes, "floating-point operations (TFLOP)", "final accuracy (%)", log=True)
        return figure
