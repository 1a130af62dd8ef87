"""Images brought to one size at access: Resize and CenterCrop, as in the published evaluation of ImageNet networks."""

import functools
from dataclasses import dataclass

import numpy as np

from braincl_jax.data.images import Encoded, Images
from braincl_jax.data.sources.decoding import decode_all
from braincl_jax.data.sources.pictures import Picture, decode, image_of, pixels_of, resized_size

# Pixels that an image may have for a moment while it is resized; only a thin strip has more.
MOST_PIXELS = 1 << 26


@dataclass(frozen=True)
class Resized:
    """Squares from the middle of images whose shorter side is brought to one length, when they are read.

    The same as torchvision's `Resize(short)` and `CenterCrop(side)` make of an upright Pillow image, bit for bit:
    bilinear, each new pixel a weighted mean of the old ones that it covers ("antialiased"), rounded to whole numbers
    after rows and again after columns. Where the decoder is "simplejpeg", a JPEG image of twice the size or more has
    been made smaller while it was decoded, and the result is another one.

    Attributes:
        images: of any sizes, if they are `Encoded`.
        short: pixels of the shorter side.
        side: height and width of the square, 1..short.
        decoder: one of `config.DECODERS`, for images that are encoded.
    """

    images: Images | Encoded
    short: int
    side: int
    decoder: str = "pillow"

    @property
    def shape(self) -> tuple[int, int, int]:
        known = self.images
        channels = known.channels if isinstance(known, Encoded) else known.shape[2]
        return self.side, self.side, channels

    def __len__(self) -> int:
        return len(self.images)

    def take(self, rows: np.ndarray) -> np.ndarray:
        images = self.images
        if isinstance(images, Encoded):
            return decode_all(functools.partial(self._of_encoded, images), rows, self.shape)
        pixels = images.take(rows)

        def square(place: int) -> np.ndarray:
            return self._square(f"image {rows[place]}", image_of(pixels[place]))

        return decode_all(square, np.arange(len(rows)), self.shape)

    def _of_encoded(self, images: Encoded, row: int) -> np.ndarray:
        picture = decode(
            images, row, channels=images.channels, decoder=self.decoder, short=self.short
        )
        return self._square(images.name(row), picture)

    def _square(self, name: str, picture: Picture) -> np.ndarray:
        height, width = resized_size(picture.size, self.short)
        if height * width > MOST_PIXELS:
            raise ValueError(
                f"{name}: {picture.size[0]}x{picture.size[1]} pixels; with resize_side={self.short} it would have "
                f"{height}x{width}, and {MOST_PIXELS} are possible: replace or remove it."
            )
        from PIL import Image

        resized = picture.image.resize((width, height), Image.Resampling.BILINEAR)
        top, left = round((height - self.side) / 2), round((width - self.side) / 2)
        return pixels_of(resized.crop((left, top, left + self.side, top + self.side)))
