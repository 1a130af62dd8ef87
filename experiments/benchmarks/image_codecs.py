"""JPEG, WebP, AVIF and JPEG XL on small images, treated as generously as can be.

Every image is one stream. Over a whole data set, qualities, chroma subsampling and downscaling (bicubic, both ways) are
tried, and a budget may be spent on any mixture of two settings: what counts is the upper hull of all settings. Bytes
that all streams of a setting share, which is most of a header, are counted once for the data set.
"""

import importlib
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, features

from braincl_jax.evaluators import psnr

SCALES = (1, 2, 4)
# Settings are chosen on so many images, and measured on many more.
SAMPLE = 60
# A label and a length, one byte each, as in our index.
ENTRY_BYTES = 2

Images = NDArray[np.uint8]


@dataclass(frozen=True)
class ImageCodec:
    """A format of Pillow and the settings that are tried.

    Attributes:
        name: for people.
        format: for Pillow.
        options: keyword arguments of `save` to be tried.
        qualities: to be tried with each of them.
        container: bytes at the beginning of a stream that follow from its length.
        images: most images to measure on; slow coders get fewer.
    """

    name: str
    format: str
    options: tuple[dict[str, Any], ...]
    qualities: tuple[int, ...]
    container: int = 0
    images: int = 1_000_000


class Setting(NamedTuple):
    """How images are written: keyword arguments of Pillow's `save`, and the factor of downscaling."""

    arguments: dict[str, Any]
    scale: int


class Point(NamedTuple):
    """What a setting yields over a data set.

    Attributes:
        bytes: per image, all told, with what streams share counted once.
        whole_bytes: per image, with nothing left out.
        psnr_db: mean over images.
        psnr_of_mse_db: PSNR of the mean squared error over all images.
        setting: how.
    """

    bytes: float
    whole_bytes: float
    psnr_db: float
    psnr_of_mse_db: float
    setting: Setting


@dataclass(frozen=True)
class Curve:
    """Rate-distortion of one codec.

    Attributes:
        name: of the codec.
        images: how many it was measured on.
        shared: upper hull, with what streams share counted once.
        whole: upper hull, with nothing left out.
    """

    name: str
    images: int
    shared: list[Point] = field(repr=False)
    whole: list[Point] = field(repr=False)


def image_codecs(channels: int, report: Callable[[str], None] = print) -> list[ImageCodec]:
    """The codecs that are installed; says which are not.

    Args:
        channels: 1 (grey) or 3 (RGB).
        report: gets a note for each codec that is left out.
    """
    subsampling = (0, 2, 1) if channels == 3 else (0,)
    chroma = ("4:2:0", "4:4:4") if channels == 3 else ("4:0:0",)
    codecs = [
        ImageCodec(
            "JPEG",
            "JPEG",
            # Huffman tables of an image's own weigh more than they save, but not in a mosaic: see `mosaic_curve`.
            (
                *({"subsampling": one} for one in subsampling),
                {"subsampling": subsampling[-1], "optimize": True},
            ),
            (1, 2, 4, 6, 8, 10, 13, 16, 20, 25, 30, 40, 50, 60, 75, 90),
        )
    ]
    if features.check("webp"):
        qualities = (0, 1, 2, 4, 7, 10, 15, 20, 30, 40, 50, 60, 70, 80, 90)
        # "RIFF", size, "WEBP", "VP8 ", size
        codecs.append(ImageCodec("WebP", "WEBP", ({"method": 6},), qualities, container=20))
    else:
        report("WebP is left out: this Pillow was built without it")
    if features.check("avif"):
        options = tuple({"subsampling": one, "max_threads": 1} for one in chroma)
        qualities = (1, 5, 10, 15, 20, 25, 30, 40, 50, 60, 70)
        codecs.append(ImageCodec("AVIF", "AVIF", options, qualities, images=500))
    else:
        report("AVIF is left out: Pillow has it from version 11.3 on")
    try:
        importlib.import_module("pillow_jxl")
        qualities = (1, 5, 10, 20, 30, 40, 50, 60, 70, 80)
        codecs.append(ImageCodec("JPEG XL", "JXL", ({"num_threads": 1},), qualities, images=500))
    except ImportError:
        report("JPEG XL is left out: pip install pillow-jxl-plugin brings it")
    return codecs


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


def upper_hull(points: Sequence[tuple[float, float]]) -> list[int]:
    """Positions of the points (x, y) on the rising part of the upper convex hull, in order of x."""
    hull: list[int] = []
    for index in sorted(range(len(points)), key=lambda i: (points[i][0], -points[i][1])):
        x, y = points[index]
        if hull and y <= points[hull[-1]][1]:
            continue
        while len(hull) > 1:
            (x0, y0), (x1, y1) = points[hull[-2]], points[hull[-1]]
            if (y1 - y0) * (x - x0) > (y - y0) * (x1 - x0):
                break
            hull.pop()
        hull.append(index)
    return hull


def interpolate(points: Sequence[tuple[float, float]], x: float) -> float | None:
    """Y at x on the line through `points`, which are in order of x; the last y beyond it, None before the first."""
    if not points or x < points[0][0]:
        return None
    xs, ys = zip(*points, strict=True)
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
    return np.stack(
        [
            np.asarray(one.convert(mode).resize((width, height), Image.Resampling.BICUBIC))
            for one in pictures
        ]
    ).reshape(-1, height, width, channels)


def write(picture: Image.Image, codec: ImageCodec, setting: Setting) -> bytes:
    """The stream of one picture."""
    stream = io.BytesIO()
    picture.save(stream, codec.format, **setting.arguments)
    return stream.getvalue()


def measure(
    images: Images,
    codec: ImageCodec,
    setting: Setting,
    num_images: int,
    smaller: Sequence[Image.Image] | None = None,
) -> Point:
    """One stream for each image.

    Args:
        images: uint8 [n, H, W, C], a sample of the data set.
        codec: the format.
        setting: how to write them.
        num_images: of the data set: so many images share what is counted once.
        smaller: `shrink(images, setting.scale)`, if known already.
    """
    smaller = smaller or shrink(images, setting.scale)
    streams = [write(one, codec, setting) for one in smaller]
    shared = shared_bytes([one[codec.container :] for one in streams])
    mean = sum(map(len, streams)) / len(streams)
    decoded = enlarge((Image.open(io.BytesIO(one)) for one in streams), images.shape[1:])
    own = mean - codec.container - shared + (codec.container + shared) / num_images
    return Point(own + ENTRY_BYTES, mean + ENTRY_BYTES, *qualities(images, decoded), setting)


def measure_mosaic(
    images: Images, label: NDArray[np.integer], codec: ImageCodec, setting: Setting
) -> Point:
    """One stream for each class, with all of its images side by side: none can be read without the others.

    Args:
        images: uint8 [N, H, W, C], all of the data set.
        label: integers [N].
        codec: the format.
        setting: how to write it; images are made smaller one by one.
    """
    size, decoded = 0, np.empty_like(images)
    for one_class in np.unique(label):
        members = np.flatnonzero(label == one_class)
        tiles = shrink(images[members], setting.scale)
        width, height = tiles[0].size
        columns = int(np.ceil(np.sqrt(len(tiles))))
        rows = -(-len(tiles) // columns)
        places = [(k % columns * width, k // columns * height) for k in range(rows * columns)]
        mosaic = Image.new(tiles[0].mode, (columns * width, rows * height))
        for k, (x, y) in enumerate(places):
            mosaic.paste(tiles[min(k, len(tiles) - 1)], (x, y))
        stream = write(mosaic, codec, setting)
        size += len(stream)
        read = Image.open(io.BytesIO(stream))
        cut = (read.crop((x, y, x + width, y + height)) for x, y in places[: len(tiles)])
        decoded[members] = enlarge(cut, images.shape[1:])
    per_image = size / len(images)
    return Point(per_image, per_image, *qualities(images, decoded), setting)


def qualities(images: Images, decoded: Images) -> tuple[float, float]:
    """Mean PSNR of the images, and PSNR of their mean squared error, in dB."""
    return mean_psnrs(psnr(images, decoded))


def mean_psnrs(values: NDArray[np.float64]) -> tuple[float, float]:
    """The mean of PSNRs [n] in dB, and the PSNR of the mean of the errors behind them."""
    return float(values.mean()), float(-10 * np.log10((10 ** (-values / 10)).mean()))


def curve(images: Images, codec: ImageCodec, budgets: Sequence[float]) -> Curve:
    """Rate-distortion around the budgets (bytes per image): settings chosen on a few images, measured on many."""
    number = len(images)
    few, many = (
        images[:: max(1, number // min(most, number))][:most] for most in (SAMPLE, codec.images)
    )
    tried = []
    for scale in SCALES:
        smaller = shrink(few, scale)
        tried += [
            measure(few, codec, setting, number, smaller) for setting in settings(codec, scale)
        ]
    kept = {
        str(tried[i].setting): tried[i].setting
        for size in (_shared, _whole)
        for i in around([size(one) for one in tried], budgets)
    }
    points = [measure(many, codec, setting, number) for setting in kept.values()]
    return Curve(codec.name, len(many), _on_hull(points, _shared), _on_hull(points, _whole))


def mosaic_curve(images: Images, label: NDArray[np.integer], codec: ImageCodec) -> Curve:
    """Rate-distortion of mosaics, with the codec's last options and every second quality."""
    points = [
        measure_mosaic(images, label, codec, setting)
        for scale in SCALES[:2]
        for setting in settings(codec, scale)
        if setting.arguments["quality"] in codec.qualities[::2]
        and (setting.arguments.items() >= codec.options[-1].items())
    ]
    hull = _on_hull(points, _shared)
    return Curve(f"{codec.name} mosaic", len(images), hull, hull)


def settings(codec: ImageCodec, scale: int) -> list[Setting]:
    """All that are tried at a scale."""
    return [
        Setting({**options, "quality": quality}, scale)
        for options in codec.options
        for quality in codec.qualities
    ]


def around(points: Sequence[tuple[float, float]], budgets: Sequence[float]) -> set[int]:
    """Positions of the points of the upper hull between which, or next to which, the budgets lie."""
    hull = upper_hull(points)
    sizes = [points[i][0] for i in hull]
    kept = set()
    for budget in budgets:
        above = int(np.searchsorted(sizes, budget))
        kept |= {hull[i] for i in range(above - 2, above + 2) if 0 <= i < len(hull)}
    return kept


def _shared(point: Point) -> tuple[float, float]:
    return point.bytes, point.psnr_db


def _whole(point: Point) -> tuple[float, float]:
    return point.whole_bytes, point.psnr_db


def _on_hull(points: Sequence[Point], size: Callable[[Point], tuple[float, float]]) -> list[Point]:
    return [points[i] for i in upper_hull([size(one) for one in points])]
