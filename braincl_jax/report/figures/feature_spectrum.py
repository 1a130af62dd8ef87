"""How many directions the features of test images use, of one run."""

from collections.abc import Sequence
from typing import ClassVar

from matplotlib.figure import Figure

from braincl_jax.registry import FIGURES
from braincl_jax.report import style
from braincl_jax.report.summaries import Summary
from braincl_jax.settings import settings


@FIGURES.register("feature_spectrum")
@settings()
class FeatureSpectrum:
    """Effective rank after each task, and the singular values after the last one, the largest first."""

    scope: ClassVar[str] = "run"

    def draw(self, summaries: Sequence[Summary]) -> Figure | None:
        """None for a run without `feature_spectrum`, see the evaluator `representation`."""
        (summary,) = summaries
        spectrum, ranks = summary.get("feature_spectrum"), summary.get("effective_rank_by_task")
        if not spectrum or not ranks:
            return None
        figure = Figure(figsize=(9, 3.4), dpi=style.DPI, layout="constrained")
        left, right = figure.subplots(1, 2)
        look = {"color": style.BLUE, "linewidth": 2, "markersize": 5}
        left.plot(ranks, marker=style.marker(0, len(ranks)), **look)
        left.set(xlabel="after task", ylabel="effective rank", xticks=style.task_ticks(len(ranks)))
        left.set_ylim(bottom=0)
        percent = [100 * share for share in spectrum if share > 0]
        right.plot(
            range(1, len(percent) + 1), percent, marker=style.marker(0, len(percent)), **look
        )
        right.set(xlabel="singular value", ylabel="share of their sum (%)", yscale="log")
        for axes in (left, right):
            style.dress(axes)
            axes.tick_params(which="minor", length=0)
            axes.grid(axis="y", color=style.FAINT, linewidth=0.7)
        title = "Features of test images: directions in use"
        left.set_title(title, loc="left", fontsize=11, color=style.INK, pad=10)
        return figure
