"""Smaller images: means over areas, exact and the same on every machine."""

import numpy as np

from braincl_jax.data.sources import RawData

# Images worked on at a time: numbers take eight times the bytes of pixels.
CHUNK = 512


def shrunk(raw: RawData, side: int) -> RawData:
    """The same data set with square images of `side` pixels.

    A new pixel is the mean over the area that it covers, where old pixels count by the part of them that lies inside.

    Args:
        raw: the data set, of square images.
        side: new height and width, from 1 to the old ones; 0 leaves the images as they are.

    Returns:
        A data set with arrays of images of its own, or `raw` itself if there is nothing to do.

    Raises:
        ValueError: images are not square, or smaller than `side`.
    """
    height, width = raw.x_train.shape[1:3]
    if side == 0 or side == height == width:
        return raw
    if height != width or not 1 <= side < height:
        raise ValueError(
            f"image_side={side}, but images have {height}x{width} pixels: they must be square and not be smaller"
        )
    return raw._replace(x_train=_shrunk(raw.x_train, side), x_test=_shrunk(raw.x_test, side))


def _shrunk(images: np.ndarray, side: int) -> np.ndarray:
    number, old, _, channels = images.shape
    overlap = _overlaps(old, side)
    small = np.empty((number, side, side, channels), np.uint8)
    for start in range(0, number, CHUNK):
        # Whole numbers far below 2**53: sums are exact in any order.
        sums = np.einsum(
            "ih,nhwc,jw->nijc", overlap, images[start : start + CHUNK], overlap, optimize=True
        )
        small[start : start + CHUNK] = np.floor(sums / old**2 + 0.5)
    return small


def _overlaps(old: int, new: int) -> np.ndarray:
    """float64 [new, old]: how much of old pixel j new pixel i covers, in units of 1 / new of it; rows sum to `old`."""
    left, right = np.arange(new)[:, None] * old, np.arange(old)[None] * new
    return np.clip(np.minimum(left + old, right + new) - np.maximum(left, right), 0, None) * 1.0
