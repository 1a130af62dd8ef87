"""Images as strings, by an image codec of everyday use.

Strings hold what differs between images of one size, and nothing else. The headers of files this small are up to half
of them, and a memory of many would not keep them many times.
"""

import functools
import io
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from braincl_jax.data.sources.pictures import image_of, pixels_of

QUALITIES = range(1, 101)
# Before the frame of a WebP file there is nothing but lengths and names. The frame begins with three bytes of its own,
# a start code, and height and width (RFC 9649, 2.5; RFC 6386, 9.1).
WEBP_BEFORE, WEBP_TAG, WEBP_START, WEBP_CONSTANT = 20, 3, b"\x9d\x01\x2a", 7
# The segment of a JPEG file that is followed by what is coded, and the end of the file (ITU-T T.81, B.1).
JPEG_SCAN, JPEG_END = b"\xff\xda", b"\xff\xd9"


class Codec(NamedTuple):
    """An image codec.

    Attributes:
        pack: (uint8 [H, W, C], quality 1..100) -> a string.
        unpack: (a string, (H, W, C)) -> the file that it is of; bytes behind the string mean nothing.
    """

    pack: Callable[[np.ndarray, int], bytes]
    unpack: Callable[[bytes, tuple[int, int, int]], bytes]


def encode(
    images: Sequence[np.ndarray], codec: str, fits: Callable[[np.ndarray], bool]
) -> list[bytes]:
    """Strings of some images, all at the highest quality at which they fit.

    Mostly, a higher quality takes more bytes: it is looked for between one that fits and one that does not.

    Args:
        images: uint8 [H, W, C] each, C 1 or 3.
        codec: "WEBP" or "JPEG".
        fits: int [n], lengths of the strings -> whether there is room for them.

    Raises:
        ValueError: they do not fit at the lowest quality.
    """

    def strings_at(quality: int) -> tuple[list[bytes], bool]:
        strings = [CODECS[codec].pack(image, quality) for image in images]
        return strings, fits(np.array([len(string) for string in strings]))

    low, high = QUALITIES[0], QUALITIES[-1] + 1
    best, right = strings_at(low)
    if not right:
        raise ValueError(
            f"images of {'x'.join(map(str, images[0].shape))} have {np.mean([*map(len, best)]):.0f} bytes each as "
            f"{codec} at the lowest quality, which is too much"
        )
    while high - low > 1:
        middle = (low + high) // 2
        strings, right = strings_at(middle)
        if right:
            low, best = middle, strings
        else:
            high = middle
    return best


def decode(string: bytes, codec: str, shape: tuple[int, int, int]) -> np.ndarray:
    """uint8 [H, W, C] of a string, and of what stands behind it, which means nothing.

    Args:
        string: from `encode`, and any number of zeros.
        codec: of the string.
        shape: (H, W, C) of the image.
    """
    from PIL import Image

    with Image.open(io.BytesIO(CODECS[codec].unpack(string, shape))) as image:
        return pixels_of(image.convert("L" if shape[-1] == 1 else "RGB"))


def pack_webp(image: np.ndarray, quality: int) -> bytes:
    """Lossy WebP, with the effort of its slowest method."""
    frame = _saved(image, "WEBP", quality=quality, method=6)[WEBP_BEFORE:]
    return frame[:WEBP_TAG] + frame[WEBP_TAG + WEBP_CONSTANT :]


def unpack_webp(string: bytes, shape: tuple[int, int, int]) -> bytes:
    """The WebP file of a string of `pack_webp`."""
    height, width, _ = shape
    constant = WEBP_START + width.to_bytes(2, "little") + height.to_bytes(2, "little")
    frame = string[:WEBP_TAG] + constant + string[WEBP_TAG:]
    chunk = b"VP8 " + len(frame).to_bytes(4, "little") + frame + bytes(len(frame) % 2)
    return b"RIFF" + (4 + len(chunk)).to_bytes(4, "little") + b"WEBP" + chunk


def pack_jpeg(image: np.ndarray, quality: int) -> bytes:
    """Baseline JPEG with the tables of the standard, which follow from its quality."""
    height, width, channels = image.shape
    file = _saved(image, "JPEG", quality=quality)
    header = jpeg_header((height, width, channels), quality)
    return bytes([quality]) + file[len(header) : -len(JPEG_END)]


def unpack_jpeg(string: bytes, shape: tuple[int, int, int]) -> bytes:
    """The JPEG file of a string of `pack_jpeg`."""
    return jpeg_header(shape, string[0]) + string[1:] + JPEG_END


@functools.lru_cache(maxsize=len(QUALITIES))
def jpeg_header(shape: tuple[int, int, int], quality: int) -> bytes:
    """What comes before what is coded, in every JPEG file of such images at one quality."""
    file = _saved(np.zeros(shape, np.uint8), "JPEG", quality=quality)
    scan = file.index(JPEG_SCAN) + len(JPEG_SCAN)
    return file[: scan + int.from_bytes(file[scan : scan + 2], "big")]


def _saved(image: np.ndarray, codec: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image_of(image).image.save(file, codec, **options)
    return file.getvalue()


CODECS = {"WEBP": Codec(pack_webp, unpack_webp), "JPEG": Codec(pack_jpeg, unpack_jpeg)}
