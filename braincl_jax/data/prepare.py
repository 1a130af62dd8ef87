"""What is made of the images of a source before anybody sees them: one size, by the settings."""

from dataclasses import dataclass

import numpy as np

from braincl_jax.config import DECODERS
from braincl_jax.data.dataset import Dataset
from braincl_jax.data.images import Encoded, Images
from braincl_jax.data.resize import Resized
from braincl_jax.data.shrink import shrunk
from braincl_jax.data.sources.pictures import decode_alike, simplejpeg_decoder


def prepared(
    dataset: Dataset, *, image_side: int = 0, resize_side: int = 0, decoder: str = DECODERS[0]
) -> Dataset:
    """The same data set with images of one size, which are made when they are read and never stored.

    | image_side | resize_side | images |
    |--:|--:|:--|
    | 0 | 0 | as they are, if all have one size |
    | S | 0 | the same with S pixels a side, by exact means over areas, if they are square (`Shrunk`) |
    | 0 | R | R pixels a side: shorter side R, then the middle; of any sizes (`Resized`) |
    | S | R | S pixels a side: shorter side R, then the middle |

    Images to train on, which are those to remember, and images to test on are prepared alike.

    Args:
        dataset: as a source gives it.
        image_side: S, height and width of the images.
        resize_side: R, pixels of the shorter side before the middle is taken.
        decoder: one of `config.DECODERS`, for images that are encoded.

    Raises:
        ValueError: the settings contradict each other, the decoder is unknown or absent, or images are not square, too
            small or, to be shown as they are, of different sizes.
    """
    if decoder not in DECODERS:
        raise ValueError(f"decoder={decoder!r} is unknown; need one of {', '.join(DECODERS)}")
    if decoder == "simplejpeg":
        simplejpeg_decoder()
    if not resize_side:
        train, test = (_as_they_are(images, decoder) for images in (dataset.train, dataset.test))
        return shrunk(dataset._replace(train=train, test=test), image_side)
    side = image_side or resize_side
    if not 1 <= side <= resize_side:
        raise ValueError(
            f"image_side={image_side} is impossible: the square is cut out of an image whose shorter side has "
            f"resize_side={resize_side} pixels; it must be at most that"
        )
    return dataset._replace(
        train=Resized(dataset.train, resize_side, side, decoder),
        test=Resized(dataset.test, resize_side, side, decoder),
    )


@dataclass(frozen=True)
class Decoded:
    """Encoded images of one size, as they are.

    Attributes:
        images: images that are encoded.
        shape: (H, W, C) of all of them.
        decoder: one of `config.DECODERS`.
    """

    images: Encoded
    shape: tuple[int, int, int]
    decoder: str

    def __len__(self) -> int:
        return len(self.images)

    def take(self, rows: np.ndarray) -> np.ndarray:
        return decode_alike(self.images, rows, self.shape, self.decoder)


def _as_they_are(images: Images, decoder: str) -> Images:
    """Raises ValueError for encoded images of different sizes."""
    return Decoded(images, images.shape, decoder) if isinstance(images, Encoded) else images
