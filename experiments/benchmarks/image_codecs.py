"""JPEG, WebP, AVIF and JPEG XL on small images, treated as generously as can be.

Qualities, chroma subsampling and downscaling (bicubic, both ways) are tried, and a budget may be spent on any mixture
of two settings: what counts is the upper hull of all settings. Bytes that all streams of a setting share, which is most
of a header, may be counted once for the data set.
"""

import importlib
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, features

from braincl_jax.evaluators.metrics import psnr

SCALES = (1, 2, 4)
# A label and a length, one byte each, as in our index.
ENTRY_BYTES = 2

Images = NDArray[np.uint8]
# (bytes an image, mean PSNR in dB), rising.
Line = list[tuple[float, float]]


@dataclass(frozen=True)
class ImageCodec:
    """A format of Pillow and the settings that are tried."""

    name: str
    format: str
    options: tuple[dict[str, Any], ...]
    qualities: tuple[int, ...]  # with each of the options
    container: int = 0  # bytes at the beginning of a stream that follow from its length
    mosaic: bool = True  # whether it is quick enough for all images of a class in one stream


class Point(NamedTuple):
    """What a setting yields: bytes an image, those that streams share counted once or not, and mean PSNR in dB."""

    shared: float
    whole: float
    psnr_db: float


def image_codecs(channels: int, report: Callable[[str], None] = print) -> list[ImageCodec]:
    """The codecs that are installed, for 1 or 3 channels; `report` gets a note for each that is not."""
    subsampling = (0, 2, 1) if channels == 3 else (0,)
    chroma = ("4:2:0", "4:4:4") if channels == 3 else ("4:0:0",)
    jpeg = tuple({"subsampling": one} for one in subsampling)
    # Huffman tables of an image's own weigh more than they save, but not in a mosaic.
    jpeg += ({"subsampling": subsampling[-1], "optimize": True},)
    many = (1, 2, 4, 6, 8, 10, 13, 16, 20, 25, 30, 40, 50, 60, 75, 90)
    codecs = [ImageCodec("JPEG", "JPEG", jpeg, many)]
    some = (1, 5, 10, 15, 20, 25, 30, 40, 50, 60, 70, 80)
    if features.check("webp"):
        # "RIFF", size, "WEBP", "VP8 ", size
        codecs.append(ImageCodec("WebP", "WEBP", ({"method": 6},), (0, *many), container=20))
    else:
        report("WebP is left out: this Pillow was built without it")
    if features.check("avif"):
        options = tuple({"subsampling": one, "max_threads": 1} for one in chroma)
        codecs.append(ImageCodec("AVIF", "AVIF", options, some))
    else:
        report("AVIF is left out: Pillow has it from version 11.3 on")
    try:
        importlib.import_module("pillow_jxl")
        codecs.append(ImageCodec("JPEG XL", "JXL", ({"num_threads": 1},), some, mosaic=False))
    except ImportError:
        report("JPEG XL is left out: pip install pillow-jxl-plugin brings it")
    return codecs


def lines(
    images: Images, label: NDArray[np.integer], codec: ImageCodec, number: int
) -> dict[str, Line]:
    """Rate and distortion of a codec by the way it is used.

    Args:
        images: uint8 [N, H, W, C], the data set.
        label: integers [N].
        codec: the codec.
        number: of images, evenly spread, that single streams are made of.
    """
    some = images[:: max(1, len(images) // number)]
    points, mosaics = [], []
    for scale in SCALES:
        smaller = shrink(some, scale)
        for setting in settings(codec):
            points.append(measure(some, smaller, codec, setting, len(images)))
    for scale in SCALES[:2] if codec.mosaic else ():
        for setting in settings(codec)[-len(codec.qualities) :: 2]:
            mosaics.append(measure_mosaic(images, label, codec, setting, scale))
    found = {
        f"{codec.name}, headers counted once": hull([(one.shared, one.psnr_db) for one in points]),
        f"{codec.name}, a file for each image": hull([(one.whole, one.psnr_db) for one in points]),
    }
    return found | ({f"{codec.name}, a file for each class": hull(mosaics)} if mosaics else {})


def settings(codec: ImageCodec) -> list[dict[str, Any]]:
    """Keyword arguments of Pillow's `save`, all that are tried."""
    return [{**one, "quality": quality} for one in codec.options for quality in codec.qualities]


def measure(
    images: Images,
    smaller: Sequence[Image.Image],
    codec: ImageCodec,
    setting: dict[str, Any],
    share: int,
) -> Point:
    """One stream for each image.

    Args:
        images: uint8 [n, H, W, C].
        smaller: the same, shrunk.
        codec: the format.
        setting: how to write them.
        share: so many images share what is counted once.
    """
    streams = [write(one, codec, setting) for one in smaller]
    shared = codec.container + shared_bytes([one[codec.container :] for one in streams])
    mean = sum(map(len, streams)) / len(streams)
    decoded = enlarge((Image.open(io.BytesIO(one)) for one in streams), images.shape[1:])
    own = mean - shared + shared / share
    return Point(own + ENTRY_BYTES, mean + ENTRY_BYTES, float(psnr(images, decoded).mean()))


def measure_mosaic(
    images: Images,
    label: NDArray[np.integer],
    codec: ImageCodec,
    setting: dict[str, Any],
    scale: int,
) -> tuple[float, float]:
    """One stream for each class, all of its images side by side; bytes an image, and mean PSNR in dB."""
    size, decoded = 0, np.empty_like(images)
    for one_class in np.unique(label):
        members = np.flatnonzero(label == one_class)
        tiles = shrink(images[members], scale)
        width, height = tiles[0].size
        columns = int(np.ceil(np.sqrt(len(tiles))))
        rows = -(-len(tiles) // columns)
        places = [(k % columns * width, k // columns * height) for k in range(rows * columns)]
        mosaic = Image.new(tiles[0].mode, (columns * width, rows * height))
        for k, place in enumerate(places):
            mosaic.paste(tiles[min(k, len(tiles) - 1)], place)
        stream = write(mosaic, codec, setting)
        size += len(stream)
        read = Image.open(io.BytesIO(stream))
        cut = (read.crop((x, y, x + width, y + height)) for x, y in places[: len(tiles)])
        decoded[members] = enlarge(cut, images.shape[1:])
    return size / len(images), float(psnr(images, decoded).mean())


def shared_bytes(streams: Sequence[bytes]) -> int:
    """Bytes that are the same in all streams: at the same place from the front, or in a common ending.

    A file that holds them once can leave them out of every stream, and every stream can be restored.
    """
    shortest = min(map(len, streams))
    from_front = _as_rows(one[:shortest] for one in streams)
    from_back = _as_rows(one[len(one) - shortest :] for one in streams)
    same_front = (from_front == from_front[0]).all(0)
    same_back = (from_back == from_back[0]).all(0)[::-1]
    ending = shortest if same_back.all() else int(same_back.argmin())
    return ending + int(same_front[: shortest - ending].sum())


def _as_rows(streams: Iterable[bytes]) -> NDArray[np.uint8]:
    return np.stack([np.frombuffer(one, np.uint8) for one in streams])


def hull(points: Sequence[tuple[float, float]]) -> Line:
    """The rising part of the upper convex hull of points (x, y), in order of x."""
    found: Line = []
    for x, y in sorted(points, key=lambda one: (one[0], -one[1])):
        if found and y <= found[-1][1]:
            continue
        while len(found) > 1:
            (x0, y0), (x1, y1) = found[-2:]
            if (y1 - y0) * (x - x0) > (y - y0) * (x1 - x0):
                break
            found.pop()
        found.append((x, y))
    return found


def interpolate(line: Line, x: float) -> float | None:
    """Y at x on the line; the last y beyond it, None before its first point."""
    if not line or x < line[0][0]:
        return None
    xs, ys = zip(*line, strict=True)
    return float(np.interp(x, xs, ys))


def shrink(images: Images, scale: int) -> list[Image.Image]:
    """uint8 [N, H, W, C] as pictures, smaller by `scale` in both directions (bicubic)."""
    height, width = (round(side / scale) for side in images.shape[1:3])
    pictures = [Image.fromarray(one[..., 0] if one.shape[-1] == 1 else one) for one in images]
    if scale == 1:
        return pictures
    return [one.resize((width, height), Image.Resampling.BICUBIC) for one in pictures]


def enlarge(pictures: Iterable[Image.Image], shape: tuple[int, ...]) -> Images:
    """Pictures as uint8 [N, H, W, C] of that shape (H, W, C), enlarged where they are smaller (bicubic)."""
    height, width, channels = shape
    mode = "L" if channels == 1 else "RGB"
    size = (width, height)
    back = [one.convert(mode).resize(size, Image.Resampling.BICUBIC) for one in pictures]
    return np.stack([np.asarray(one) for one in back]).reshape(-1, height, width, channels)


def write(picture: Image.Image, codec: ImageCodec, setting: dict[str, Any]) -> bytes:
    """The stream of one picture."""
    stream = io.BytesIO()
    picture.save(stream, codec.format, **setting)
    return stream.getvalue()
