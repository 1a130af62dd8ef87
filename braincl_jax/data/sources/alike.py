"""Encoded images that may be shown as they are, if all of them have one size."""

from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np

from braincl_jax.data.images import Encoded
from braincl_jax.data.sources.headers import Headers
from braincl_jax.data.sources.pictures import decode_alike


@dataclass(frozen=True, eq=False)
class Alike:
    """Implements `Images` and `Encoded`.

    Attributes:
        images: of any sizes.
        headers: they tell the shape of all images, if there is one.
    """

    images: Encoded
    headers: Headers = field(repr=False)

    @property
    def channels(self) -> int:
        return self.images.channels

    @property
    def shape(self) -> tuple[int, int, int]:
        height, width, colours = self.headers.shape
        return height, width, min(colours, self.channels)

    def __len__(self) -> int:
        return len(self.images)

    def open(self, row: int) -> BinaryIO:
        return self.images.open(row)

    def name(self, row: int) -> str:
        return self.images.name(row)

    def take(self, rows: np.ndarray) -> np.ndarray:
        return decode_alike(self.images, rows, self.shape, "pillow")
