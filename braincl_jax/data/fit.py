"""Images of any shape brought to the shape of others, when they are read."""

from dataclasses import dataclass

import numpy as np

from braincl_jax.data.images import Encoded, Images
from braincl_jax.data.sources.decoding import decode_all
from braincl_jax.data.sources.pictures import MODE_OF, decode, image_of, pixels_of


@dataclass(frozen=True)
class Fitted:
    """Images cut to the proportions of `shape` in the middle, resized (bilinear, antialiased), and grey or coloured.

    What has the size already keeps its pixels. Colours become grey as in Pillow, by luminance. An enlarged image lacks
    fine detail, which a network may notice.

    Attributes:
        images: of one size, or of any sizes if they are `Encoded`.
        shape: (H, W, C) that they get, C 1 or 3.
    """

    images: Images | Encoded
    shape: tuple[int, int, int]

    def __len__(self) -> int:
        return len(self.images)

    def take(self, rows: np.ndarray) -> np.ndarray:
        images = self.images
        if isinstance(images, Encoded):
            return decode_all(lambda row: self._fit(_decoded(images, row)), rows, self.shape)
        pixels = images.take(rows)
        if images.shape == self.shape:
            return pixels
        places = np.arange(len(rows))
        return decode_all(lambda at: self._fit(image_of(pixels[at]).image), places, self.shape)

    def _fit(self, image) -> np.ndarray:
        from PIL import Image, ImageOps

        height, width, channels = self.shape
        converted = image.convert(MODE_OF[channels])
        return pixels_of(ImageOps.fit(converted, (width, height), Image.Resampling.BILINEAR))


def _decoded(images: Encoded, row: int):
    return decode(images, row, channels=images.channels, decoder="pillow").image
