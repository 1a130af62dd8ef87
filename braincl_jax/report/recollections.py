"""A picture of single recollections: original, recall, bytes and PSNR."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

PER_ROW = 12


class Recollection(NamedTuple):
    """What one slot recalls.

    Attributes:
        slot: 0..S-1.
        label: place of the class in the class order.
        original_class: the class in the data set.
        string_bytes: bytes of its strings.
        recalled: uint8 [H, W, C], C = 1 (grey) or 3 (RGB).
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
    """Writes a PNG, originals above recalls, and returns `path`."""
    bands = -(-len(found) // PER_ROW)
    columns = min(len(found), PER_ROW)
    figure = Figure(figsize=(1.1 * columns + 0.2, 3 * bands), dpi=150, layout="constrained")
    for index, one in enumerate(found):
        band, column = divmod(index, PER_ROW)
        above, below = (
            figure.add_subplot(2 * bands, columns, (2 * band + row) * columns + column + 1)
            for row in (0, 1)
        )
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
        axes.imshow(np.broadcast_to(image, (*image.shape[:2], 3)), interpolation="nearest")
