"""Images of any size and number made fit to be shown."""

import numpy as np
from numpy.typing import NDArray

LONGEST_SIDE = 256  # of an image that is shown pixel by pixel


def as_rgb(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8 [..., C] -> [..., 3]: three channels as they are, of more the first three, of fewer the first as grey."""
    channels = images.shape[-1]
    if channels >= 3:
        return images[..., :3]
    return np.repeat(images[..., :1], 3, axis=-1)


def stride(height: int, width: int) -> int:
    """1 for an image of at most `LONGEST_SIDE` pixels a side; of a larger one, every how many-th pixel is shown."""
    return -(-max(height, width) // LONGEST_SIDE)
