"""What the long-term memory of one run weighs."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from braincl_jax.registry import FIGURES
from braincl_jax.report import style
from braincl_jax.report.summaries import Summary, largest, memory_parts
from braincl_jax.settings import settings

MOST_PARTS = 16


@FIGURES.register("memory_bill")
@settings()
class MemoryBill:
    """A cascade: each part starts where the last one ended, so that the bars add up by eye."""

    scope: ClassVar[str] = "run"

    def draw(self, summaries: Sequence[Summary]) -> Figure | None:
        """None for a run without a bill."""
        (summary,) = summaries
        if summary.get("memory_bytes") is None:
            return None
        parts, budget = largest(memory_parts(summary), MOST_PARTS), summary["budget_bytes"]
        total = summary["memory_bytes"]["total"]
        names = [style.plain(name) for name in (*parts, "total")]
        sizes = np.array([*parts.values(), total], dtype=np.float64)
        starts = np.append(np.cumsum(sizes[:-1]) - sizes[:-1], 0)
        title = f"Long-term memory: {total:,} bytes; budget (dashed): {budget:,} bytes"
        figure, axes = style.blank_axes(6.5, 0.36 * len(names) + 1.2, title)
        colours = [style.BLUE] * len(parts) + [style.INK]
        axes.barh(range(len(names)), sizes, left=starts, height=0.62, color=colours)
        axes.set_yticks(range(len(names)), names)
        axes.axvline(budget, color=style.RED, linewidth=1.5, linestyle="--")
        place = {"transform": axes.get_yaxis_transform(), "ha": "right", "va": "center"}
        for i, size in enumerate(sizes):
            axes.text(1.14, i, f"{size:,.0f}", fontsize=9, color=style.INK, **place)
        axes.set(xlim=(0, 1.04 * max(budget, total, 1)), ylim=(len(names) - 0.5, -0.5))
        axes.xaxis.set_major_formatter(EngFormatter(unit="B"))
        raw = summary.get("raw_train_bytes")
        if raw is not None:
            axes.set_xlabel(f"all training images as raw pixels: {raw:,} bytes")
        return figure
