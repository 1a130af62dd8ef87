"""Smaller images: means over areas, exact and the same on every machine."""

from dataclasses import dataclass

import numpy as np

from braincl_jax.data.dataset import Dataset
from braincl_jax.data.images import Images

# Images worked on at a time: numbers take eight times the bytes of pixels.
CHUNK = 512


def shrunk(dataset: Dataset, side: int) -> Dataset:
    """The same data set with square images of `side` pixels.

    Args:
        dataset: the data set, of square images.
        side: new height and width, from 1 to the old ones; 0 leaves the images as they are.

    Returns:
        A data set whose images are shrunk when they are read, or `dataset` itself if there is nothing to do.

    Raises:
        ValueError: images are not square, or smaller than `side`.
    """
    height, width, _ = dataset.train.shape
    if side == 0 or side == height == width:
        return dataset
    if height != width or not 1 <= side < height:
        raise ValueError(
            f"image_side={side}, but images have {height}x{width} pixels: they must be square and not be smaller; with "
            "resize_side they may be of any size"
        )
    return dataset._replace(train=Shrunk(dataset.train, side), test=Shrunk(dataset.test, side))


@dataclass(frozen=True)
class Shrunk:
    """Square images shrunk to `side` pixels a side when they are read.

    A new pixel is the mean over the area that it covers, where old pixels count by the part of them that lies inside.

    Attributes:
        images: square images, larger than `side`.
        side: their new height and width.
    """

    images: Images
    side: int

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.side, self.side, self.images.shape[2]

    def __len__(self) -> int:
        return len(self.images)

    def take(self, rows: np.ndarray) -> np.ndarray:
        old = self.images.shape[0]
        overlap = _overlaps(old, self.side)
        small = np.empty((len(rows), *self.shape), np.uint8)
        for start in range(0, len(rows), CHUNK):
            large = self.images.take(rows[start : start + CHUNK])
            # Whole numbers far below 2**53: sums are exact in any order.
            sums = np.einsum("ih,nhwc,jw->nijc", overlap, large, overlap, optimize=True)
            small[start : start + CHUNK] = np.floor(sums / old**2 + 0.5)
        return small


def _overlaps(old: int, new: int) -> np.ndarray:
    """float64 [new, old]: how much of old pixel j new pixel i covers, in units of 1 / new of it; rows sum to `old`."""
    left, right = np.arange(new)[:, None] * old, np.arange(old)[None] * new
    return np.clip(np.minimum(left + old, right + new) - np.maximum(left, right), 0, None) * 1.0
