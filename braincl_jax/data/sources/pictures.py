"""Encoded pictures: what their headers say, and their pixels as they stand upright (needs Pillow)."""

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from braincl_jax.data.images import Encoded
from braincl_jax.data.sources.decoding import DAMAGED, decode_all, require_shape
from braincl_jax.data.stamps import ChangedError

# simplejpeg makes an image smaller while it decodes, by this factor or more: below it, decoding takes longer.
LEAST_FACTOR = 2
# The tag of EXIF that tells how a camera was held, what makes the image upright (names of Pillow), and those for which
# height and width change places.
ORIENTATION, ON_ITS_SIDE = 0x0112, (5, 6, 7, 8)
TURNS = {
    **{2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE"},
    **{6: "ROTATE_270", 7: "TRANSVERSE", 8: "ROTATE_90"},
}
# Pillow's modes of at most 8 bits a channel; from the others, a conversion would clip.
GREY_MODES = ("1", "L", "LA")
COLOUR_MODES = ("P", "PA", "RGB", "RGBA", "CMYK", "YCbCr")
# Of these, simplejpeg makes the same as Pillow does.
PLAIN_MODES = ("L", "RGB")
MODE_OF = {1: "L", 3: "RGB"}


class Header(NamedTuple):
    """What is known of a picture without decoding it.

    Attributes:
        grey: whether it has no colours.
        size: (height, width), upright.
    """

    grey: bool
    size: tuple[int, int]


class Picture(NamedTuple):
    """A picture that stands upright.

    Attributes:
        image: a Pillow image of mode "L" or "RGB"; it may be smaller than the file says.
        size: (height, width) as the file says.
    """

    image: Any
    size: tuple[int, int]


def header(images: Encoded, row: int) -> Header:
    """The header of an image; raises ValueError with its name where it is none that can be read."""
    with _opened(images, row) as (image, _):
        return Header(image.mode in GREY_MODES, _upright_size(image))


def decode(images: Encoded, row: int, *, channels: int, decoder: str, short: int = 0) -> Picture:
    """Decodes an image.

    "pillow" gives all pixels of it. "simplejpeg" is faster for JPEG files, and takes a half, 3/8, 1/4 or 1/8 of the
    height and width where that is enough; other files are for Pillow to decode. The two may give different bits.

    Args:
        images: where it lies.
        row: which one.
        channels: 1 or 3, what it is made to have.
        decoder: one of `config.DECODERS`.
        short: pixels of the shorter side that are needed; 0 needs all.

    Raises:
        ValueError: it is damaged, no image, has more than 8 bits a channel, several frames or far too many pixels; the
            message has its name.
    """
    with _opened(images, row) as (image, stream):
        size, turn = _upright_size(image), TURNS.get(_orientation(image))
        if decoder == "simplejpeg" and image.format == "JPEG" and image.mode in PLAIN_MODES:
            image = _decoded_by_simplejpeg(image, stream, short)
        image = image.convert(MODE_OF[channels])
        if turn is not None:
            from PIL import Image

            image = image.transpose(Image.Transpose[turn])
        return Picture(image, size)


def decode_alike(
    images: Encoded, rows: np.ndarray, shape: tuple[int, int, int], decoder: str
) -> np.ndarray:
    """Decodes images of one size in threads.

    Args:
        images: where they lie.
        rows: int64 [n].
        shape: (H, W, C) of all images.
        decoder: one of `config.DECODERS`.

    Returns:
        uint8 [n, H, W, C].

    Raises:
        ValueError: as `decode`, or an image has another size.
    """

    def pixels(row: int) -> np.ndarray:
        array = pixels_of(decode(images, row, channels=shape[2], decoder=decoder).image)
        require_shape(images.name(row), array.shape, shape)
        return array

    return decode_all(pixels, rows, shape)


def pixels_of(image: Any) -> np.ndarray:
    """uint8 [H, W, C] of a Pillow image of mode "L" or "RGB"."""
    pixels = np.asarray(image)
    return pixels.reshape(*pixels.shape[:2], -1)


def image_of(pixels: np.ndarray) -> Picture:
    """The picture of uint8 [H, W, C], C 1 or 3."""
    from PIL import Image

    height, width, channels = pixels.shape
    return Picture(Image.fromarray(pixels[:, :, 0] if channels == 1 else pixels), (height, width))


def resized_size(size: tuple[int, int], short: int) -> tuple[int, int]:
    """(height, width) once the shorter side has `short` pixels; the longer one is rounded down, as in torchvision."""
    height, width = size
    if height <= width:
        return short, int(short * width / height)
    return int(short * height / width), short


def simplejpeg_decoder() -> Callable[..., Any]:
    """`simplejpeg.decode_jpeg`; raises ValueError where the package is absent."""
    try:
        return importlib.import_module("simplejpeg").decode_jpeg
    except ImportError as error:
        raise ValueError(
            'decoder=simplejpeg needs the package simplejpeg: pip install "braincl_jax[jpeg]", or take decoder=pillow'
        ) from error


def _decoded_by_simplejpeg(image: Any, stream: BinaryIO, short: int) -> Any:
    height, width = resized_size((image.height, image.width), short)
    stream.seek(0)
    pixels = simplejpeg_decoder()(
        stream.read(),
        {"L": "GRAY", "RGB": "RGB"}[image.mode],
        # 0 would be no bound.
        min_height=height or image.height,
        min_width=width or image.width,
        min_factor=LEAST_FACTOR,
    )
    return image_of(pixels).image


def _upright_size(image: Any) -> tuple[int, int]:
    size = image.height, image.width
    return size[::-1] if _orientation(image) in ON_ITS_SIDE else size


def _orientation(image: Any) -> int:
    """How the camera was held, 1 where that is not known."""
    # Pillow would decode all of a PNG to look for EXIF behind the pixels.
    if image.format == "PNG" and "exif" not in image.info:
        return 1
    return image.getexif().get(ORIENTATION, 1)


@contextmanager
def _opened(images: Encoded, row: int) -> Iterator[tuple[Any, BinaryIO]]:
    # Imported here: most sources do without it.
    from PIL import Image

    try:
        with images.open(row) as stream, Image.open(stream) as image:
            if image.mode not in GREY_MODES + COLOUR_MODES:
                raise ValueError(f"mode {image.mode}; need 8 bits a channel")
            # An MPO is what some cameras make of one photograph: the first picture is all of it.
            if image.format != "MPO" and getattr(image, "is_animated", False):
                raise ValueError("several frames; need one")
            # Pillow turns them by itself, and mixes up the pixels of some.
            if image.format == "TIFF" and _orientation(image) != 1:
                raise ValueError("a TIFF that is not stored upright")
            yield image, stream
    except ChangedError:
        raise
    except (*DAMAGED, Image.DecompressionBombError) as error:
        name = images.name(row)
        raise ValueError(f"{name}: not a readable image: {error}; replace or remove it.") from error
