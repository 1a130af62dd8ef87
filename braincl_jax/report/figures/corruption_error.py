"""Errors on corrupted test images when all tasks are learned, of one run."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from matplotlib.figure import Figure

from braincl_jax.registry import FIGURES
from braincl_jax.report import style
from braincl_jax.report.summaries import Summary
from braincl_jax.settings import settings


@FIGURES.register("corruption_error")
@settings()
class CorruptionError:
    """A square for each corruption and severity, with the error in %; the title has the error without corruption."""

    scope: ClassVar[str] = "run"

    def draw(self, summaries: Sequence[Summary]) -> Figure | None:
        """None for a run without `corruption_error`, see the evaluator `corruptions`."""
        (summary,) = summaries
        known = summary.get("corruption_error")
        if not known:
            return None
        names = [style.plain(name.replace("_", " ")) for name in known["by_severity"]]
        percent = 100 * np.array(list(known["by_severity"].values()), dtype=np.float64)
        title = f"Error (%); clean: {100 * known['clean']:.1f}"
        columns = percent.shape[1]
        figure, axes = style.blank_axes(3 + 0.6 * columns, 1.2 + 0.3 * len(names), title)
        axes.imshow(percent, cmap="Reds", vmin=0, vmax=100, aspect="auto")
        for (row, column), value in np.ndenumerate(percent):
            ink = "white" if value > 65 else style.INK
            text = {"ha": "center", "va": "center", "fontsize": 8, "color": ink}
            axes.text(column, row, f"{value:.1f}", **text)
        axes.set_xticks(range(columns), [str(one) for one in known["severities"]])
        axes.set_yticks(range(len(names)), names)
        axes.set(xlabel="severity")
        axes.spines[:].set_visible(False)
        return figure
