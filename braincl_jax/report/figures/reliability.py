"""How often a run's answers are right, by how sure they are, when all tasks are learned."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from matplotlib.figure import Figure

from braincl_jax.registry import FIGURES
from braincl_jax.report import style
from braincl_jax.report.summaries import Summary
from braincl_jax.settings import settings


@FIGURES.register("reliability")
@settings()
class ReliabilityPlot:
    """Accuracy over confidence, a point a bin, and as bars the share of the answers in each.

    Below the diagonal answers are surer than they are right. Those of confidence 1 are a point of their own, and in the
    last bar.
    """

    scope: ClassVar[str] = "run"

    def draw(self, summaries: Sequence[Summary]) -> Figure | None:
        """None for a run without `reliability`, see the evaluator `calibration`."""
        (summary,) = summaries
        bins = summary.get("reliability")
        if not bins or not sum(bins["count"]):
            return None
        *counts, at_one = bins["count"]
        share = 100 * np.array([*counts[:-1], counts[-1] + at_one]) / (sum(counts) + at_one)
        title = "Reliability of answers"
        error = summary.get("expected_calibration_error")
        if error is not None:
            title += f": calibration error {100 * error:.1f} %"
        figure, axes = style.blank_axes(5, 4.6, title)
        width = 100 / len(share)
        left = width * np.arange(len(share))
        axes.bar(left, share, width, align="edge", color=style.FAINT, edgecolor="white")
        axes.plot([0, 100], [0, 100], color=style.INK, linewidth=0.8, linestyle="--")
        known = [k for k, number in enumerate(bins["count"]) if number]
        confidence, accuracy = (
            [100 * bins[name][k] for k in known] for name in ("confidence", "accuracy")
        )
        look = {"color": style.BLUE, "linewidth": 2, "marker": "o", "markersize": 5}
        axes.plot(confidence, accuracy, clip_on=False, **look)
        axes.set(xlabel="confidence (%)", ylabel="accuracy (%); bars: share of the answers (%)")
        axes.set(xlim=(0, 102), ylim=(0, 102))
        return figure
