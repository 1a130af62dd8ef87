"""The loss over the steps of each phase that has one, awake and asleep, of one run."""

from collections.abc import Sequence
from typing import ClassVar

from matplotlib.figure import Figure

from braincl_jax.registry import FIGURES
from braincl_jax.report import curves, style
from braincl_jax.report.summaries import Summary
from braincl_jax.settings import settings

MOST_PHASES = 6


@FIGURES.register("loss_curves")
@settings()
class LossCurves:
    """A plot a phase, over its steps in all tasks; each task has a colour of its own."""

    scope: ClassVar[str] = "run"

    def draw(self, summaries: Sequence[Summary]) -> Figure | None:
        """Draws the first `MOST_PHASES` phases that have a `loss`; None for a run without any."""
        (summary,) = summaries
        phases = curves.phases_with(summary, "loss")[:MOST_PHASES]
        if not phases:
            return None
        figure, panels = curves.curve_panels(len(phases))
        for axes, phase in zip(panels, phases, strict=True):
            found = curves.curve(summary, phase, "loss")
            assert found is not None
            curves.draw_by_task(axes, found)
            axes.set(xlabel=style.short(f"steps of {phase}"), ylabel="loss")
        panels[0].set_title("Loss, task after task", loc="left", fontsize=11, color=style.INK)
        return figure
