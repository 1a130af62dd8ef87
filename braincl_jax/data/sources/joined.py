"""Several sets of images as one."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from braincl_jax.data.images import Images


@dataclass(frozen=True)
class Joined:
    """Images of several sets, one set after another; greyscale ones are RGB where others are.

    Attributes:
        parts: the sets, images of one height and width.
        shape: (H, W, C) of all of them.
    """

    parts: tuple[Images, ...] = field(repr=False)
    shape: tuple[int, int, int]

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def take(self, rows: np.ndarray) -> np.ndarray:
        images = np.empty((len(rows), *self.shape), np.uint8)
        start = 0
        for part in self.parts:
            own = (rows >= start) & (rows < start + len(part))
            if own.any():
                # A single channel is repeated by NumPy's broadcasting.
                images[own] = part.take(rows[own] - start)
            start += len(part)
        return images


def joined(where: str, parts: Sequence[Images]) -> Images:
    """The images of `parts`, one part after another.

    Raises:
        ValueError: their heights and widths differ.
    """
    sizes = sorted({part.shape[:2] for part in parts})
    if len(sizes) > 1:
        raise ValueError(
            f"{where}: images of sizes {sizes} cannot be joined; need files of one size."
        )
    channels = max(part.shape[2] for part in parts)
    return parts[0] if len(parts) == 1 else Joined(tuple(parts), (*sizes[0], channels))
