"""What a byte is worth: final accuracy, and PSNR of what is recalled, over the bytes of the memory."""

from collections.abc import Sequence
from typing import ClassVar

from matplotlib.figure import Figure

from braincl_jax.registry import FIGURES
from braincl_jax.report import style
from braincl_jax.report.cases import cases_of
from braincl_jax.report.scatter import Point, colours_of, draw_points, dress_plane
from braincl_jax.report.summaries import Summary, has_accuracy
from braincl_jax.settings import settings


@FIGURES.register("accuracy_over_bytes")
@settings()
class AccuracyOverBytes:
    """One point a method and budget: the mean over its seeds, in a line from the worst to the best of them.

    The points of a method with several budgets are joined.
    """

    scope: ClassVar[str] = "comparison"

    def draw(self, summaries: Sequence[Summary]) -> Figure | None:
        """Draws the runs that have an accuracy and a bill; None if all their memories are equally large.

        Raises:
            ValueError: as `cases_of`.
        """
        runs = [run for run in summaries if has_accuracy(run) and run.get("memory_bytes")]
        if len({run["memory_bytes"]["total"] for run in runs}) < 2:
            return None
        cases = cases_of(runs)
        accuracies, recalls = [], []
        for case in cases:
            sizes = [run["memory_bytes"]["total"] for run in case.runs]
            percent = [100 * run["final_accuracy"] for run in case.runs]
            accuracies.append(Point(case, sizes, percent))
            decibels = [run.get("recall_psnr_db") for run in case.runs]
            known = [psnr for psnr in decibels if psnr is not None]
            if known:
                recalls.append(Point(case, sizes, known))
        panels = {"final accuracy (%)": accuracies, "PSNR of recalled images (dB)": recalls}
        drawn = {label: points for label, points in panels.items() if points}
        figure = Figure(figsize=(4.5 * len(drawn), 3.8), dpi=style.DPI, layout="constrained")
        every_axes = figure.subplots(1, len(drawn), squeeze=False)[0]
        for axes, (label, points) in zip(every_axes, drawn.items(), strict=True):
            draw_points(axes, points, colours_of(cases))
            dress_plane(axes, "memory (bytes)", label, log=True)
        return figure
