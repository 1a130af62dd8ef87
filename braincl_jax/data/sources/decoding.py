"""What sources of encoded images share: decoding in threads, and the rule that images have one size."""

import os
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

S = TypeVar("S")
T = TypeVar("T")

# What NumPy, zipfile and Pillow make of files that are damaged or of another kind.
DAMAGED = (
    *(OSError, EOFError, ValueError, SyntaxError, TypeError, IndexError, RuntimeError, MemoryError),
    *(struct.error, tokenize.TokenError, zipfile.BadZipFile, zlib.error),
)
# More than that, and threads wait for one another.
MOST_THREADS = 16


def in_threads(function: Callable[[S], T], items: Sequence[S]) -> list[T]:
    """`list(map(function, items))` by as many threads as there are cores; the first error in order is raised."""
    number = min(MOST_THREADS, os.cpu_count() or 1, len(items))
    if number < 2:
        return list(map(function, items))
    with ThreadPoolExecutor(number) as threads:
        return list(threads.map(function, items))


def decode_all(
    decode: Callable[[int], np.ndarray], rows: np.ndarray, shape: tuple[int, int, int]
) -> np.ndarray:
    """Decodes images in threads.

    Args:
        decode: row -> uint8 [H, W, C]; it raises ValueError where an image cannot be read.
        rows: int64 [n].
        shape: (H, W, C) of all images.

    Returns:
        uint8 [n, H, W, C].
    """
    images = np.empty((len(rows), *shape), np.uint8)

    def fill(place: int) -> None:
        images[place] = decode(int(rows[place]))

    in_threads(fill, range(len(rows)))
    return images


def require_shape(name: str, shape: Sequence[int], expected: Sequence[int]) -> None:
    """Raises ValueError if the image `name` is not of the shape of the others."""
    if tuple(shape) != tuple(expected):
        raise ValueError(
            f"{name} has shape {tuple(shape)}, the ones before {tuple(expected)}; need images of one size and one "
            "number of channels, or a size to bring them to, such as --config.resize_side=256."
        )
