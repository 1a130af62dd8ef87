"""A picture of single recollections: original, recall, bytes and PSNR."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from braincl_jax.report import pixels
from braincl_jax.report.style import DPI
from braincl_jax.spread import spread

PER_ROW = 12
MOST_SHOWN = 8 * PER_ROW
TITLE = 0.45  # inches above an image
_LOG = logging.getLogger(__name__)


class Recollection(NamedTuple):
    """What one slot recalls.

    Attributes:
        slot: 0..S-1.
        label: place of the class in the class order.
        original_class: the class in the data set.
        string_bytes: bytes of its strings.
        recalled: uint8 [H, W, C].
        original: the image it was made from, if known.
        psnr_db: of the recall against the original, if known.
    """

    slot: int
    label: int
    original_class: int
    string_bytes: int
    recalled: NDArray[np.uint8]
    original: NDArray[np.uint8] | None
    psnr_db: float | None


def write_recollections(path: Path, found: Sequence[Recollection]) -> Path:
    """Writes a PNG, originals above recalls, and returns `path`.

    Of more than `MOST_SHOWN` recollections, so many are shown, evenly spaced, and a warning is logged.
    """
    if len(found) > MOST_SHOWN:
        _LOG.warning("%s shows %d of %d recollections", path, MOST_SHOWN, len(found))
    shown = [found[index] for index in spread(len(found), MOST_SHOWN)]
    bands = -(-len(shown) // PER_ROW)
    columns = min(len(shown), PER_ROW)
    figure = Figure(figsize=(1.1 * columns + 0.2, 3 * bands), dpi=DPI)
    # Placed by hand: a layout that looks for room takes half a minute for the largest picture.
    grid = figure.add_gridspec(
        2 * bands,
        columns,
        left=0.1 / (1.1 * columns + 0.2),
        right=1 - 0.1 / (1.1 * columns + 0.2),
        bottom=0.05 / (3 * bands),
        top=1 - TITLE / (3 * bands),
        hspace=0.5,
        wspace=0.1,
    )
    for index, one in enumerate(shown):
        band, column = divmod(index, PER_ROW)
        above, below = (figure.add_subplot(grid[2 * band + row, column]) for row in (0, 1))
        above.set_title(f"slot {one.slot}\nclass {one.original_class}", fontsize=7)
        quality = "" if one.psnr_db is None else f"\n{one.psnr_db:.1f} dB"
        below.set_title(f"{one.string_bytes} bytes{quality}", fontsize=7)
        _show(above, one.original)
        _show(below, one.recalled)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    return path


def _show(axes: Axes, image: NDArray[np.uint8] | None) -> None:
    axes.set_axis_off()
    if image is not None:
        step = pixels.stride(*image.shape[:2])
        axes.imshow(pixels.as_rgb(image[::step, ::step]), interpolation="nearest")
