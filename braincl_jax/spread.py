"""Some of many, evenly spread, the same ones every time."""

import numpy as np
from numpy.typing import NDArray


def spread(number: int, most: int) -> NDArray[np.int64]:
    """At most `most` of 0..number-1, evenly spaced from the first to the last; int64, increasing."""
    return np.linspace(0, number - 1, min(number, most)).round().astype(np.int64)
