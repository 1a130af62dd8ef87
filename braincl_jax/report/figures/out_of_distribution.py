"""How well strange images are told from those of the classes learned, of one run."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from matplotlib.figure import Figure

from braincl_jax.registry import FIGURES
from braincl_jax.report import style
from braincl_jax.report.summaries import Summary
from braincl_jax.settings import settings

MOST_SOURCES = 20
AUROC = "_auroc"
CHANCE = 50


@FIGURES.register("out_of_distribution")
@settings()
class OutOfDistribution:
    """AUROC, a group of bars a source with one for each score; dashed: chance."""

    scope: ClassVar[str] = "run"

    def draw(self, summaries: Sequence[Summary]) -> Figure | None:
        """Draws the first `MOST_SOURCES` sources; None for a run without any, see the evaluator of the same name."""
        (summary,) = summaries
        known = list((summary.get("out_of_distribution") or {}).items())[:MOST_SOURCES]
        if not known:
            return None
        scores = [name.removesuffix(AUROC) for name in known[0][1] if name.endswith(AUROC)]
        title = "Strange images told from those of the classes learned"
        figure, axes = style.blank_axes(7.5, 0.28 * len(scores) * len(known) + 1.6, title)
        step = 0.8 / len(scores)
        for index, score in enumerate(scores):
            places = np.arange(len(known)) - 0.4 + step * (index + 0.5)
            percent = [100 * values[score + AUROC] for _, values in known]
            colour = style.COLOURS[index % len(style.COLOURS)]
            axes.barh(places, percent, 0.9 * step, color=colour, label=score.replace("_", " "))
            for place, value in zip(places, percent, strict=True):
                axes.text(
                    value + 1, place, f"{value:.1f}", fontsize=8, va="center", color=style.INK
                )
        axes.axvline(CHANCE, color=style.INK, linewidth=0.8, linestyle="--")
        axes.set_yticks(range(len(known)), [short_source(name) for name, _ in known], fontsize=8)
        axes.set(xlabel="AUROC (%)", xlim=(0, 108), ylim=(len(known) - 0.4, -0.6))
        figure.legend(loc="outside right upper", frameon=False, fontsize=8.5)
        return figure


def short_source(name: str) -> str:
    """The end of a source's name, where it is long: that tells one path from another."""
    most = style.LONGEST_NAME
    return style.plain(name if len(name) <= most else "…" + name[1 - most :])
