"""How the codec of each task learns: rate and quality over the steps of encode, of one run."""

from collections.abc import Sequence
from typing import ClassVar

from matplotlib.figure import Figure

from braincl_jax.registry import FIGURES
from braincl_jax.report import curves, style
from braincl_jax.report.summaries import Summary
from braincl_jax.settings import settings

PHASE = "encode"


@FIGURES.register("codec_curves")
@settings()
class CodecCurves:
    """Bits per pixel with the rate that the budget allows (dashed), and PSNR; each task has a colour of its own."""

    scope: ClassVar[str] = "run"

    def draw(self, summaries: Sequence[Summary]) -> Figure | None:
        """None for a run that trained no codec, or whose summary lacks `image_shape`."""
        (summary,) = summaries
        rate = curves.curve(summary, PHASE, "bytes_per_cue")
        quality = curves.curve(summary, PHASE, "psnr_db")
        if rate is None or quality is None or summary.get("image_shape") is None:
            return None
        height, width, _ = summary["image_shape"]
        bits = 8 / (height * width)  # a byte of a cue, in bits per pixel
        figure, (left, right) = curves.curve_panels(2)
        curves.draw_by_task(left, rate._replace(value=bits * rate.value))
        target = curves.curve(summary, PHASE, "target_bytes_per_cue")
        if target is not None:
            left.plot(target.step, bits * target.value, color=style.INK, linewidth=1, ls="--")
        curves.draw_by_task(right, quality)
        left.set(ylabel="rate (bits per pixel)")
        right.set(ylabel="PSNR (dB)")
        for axes in (left, right):
            axes.set(xlabel=f"steps of {PHASE}")
        title = "Codec, task after task; dashed: the rate that the budget allows"
        left.set_title(title, loc="left", fontsize=11, color=style.INK)
        return figure
