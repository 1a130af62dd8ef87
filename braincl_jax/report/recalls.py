"""The sheet of originals and their recalls, the one figure that needs more than a summary."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from braincl_jax.evaluators import metrics
from braincl_jax.report import pixels
from braincl_jax.report.style import DPI, INK
from braincl_jax.spread import spread

# About this many pixels is the longer side of a small image on the sheet.
TILE_PIXELS = 96
# Bounds of a sheet; large images leave room for fewer tasks.
MOST_TASKS, MOST_PER_TASK, MOST_PIXELS = 20, 12, 8_000_000
LEFT, TOP, REST, NARROWEST = 1.35, 0.45, 0.15, 2.6  # margins and least width in inches


class RecallSample(NamedTuple):
    """m training images of each of T tasks, as they were and as they are recalled.

    Attributes:
        original: uint8 [T, m, H, W, C].
        recalled: uint8 [T, m, H, W, C].
        tasks: the number of each of the T tasks; None: 0..T-1.
    """

    original: NDArray[np.uint8]
    recalled: NDArray[np.uint8]
    tasks: Sequence[int] | None = None


class Sheet(NamedTuple):
    """A sheet in pixels of the images, before it is enlarged.

    Attributes:
        image: white uint8 [rows, columns, 3]: per task the originals above their recalls, then a space.
        gap: rows and columns between two images.
        zoom: what becomes of a pixel is zoom x zoom pixels of the plot: nothing is resampled.
    """

    image: NDArray[np.uint8]
    gap: int
    zoom: int


def check_pairs(sample: RecallSample) -> None:
    """Raises ValueError unless these are pairs of uint8 images, at least one, and a number for each task."""
    original, recalled, tasks = sample
    if original.ndim != 5 or original.shape != recalled.shape:
        raise ValueError(f"need two [T, m, H, W, C], got {original.shape} and {recalled.shape}")
    if original.dtype != np.uint8 or recalled.dtype != np.uint8:
        raise ValueError(f"images must be uint8, got {original.dtype} and {recalled.dtype}")
    if original.size == 0:
        raise ValueError(f"need at least one pixel of one image, got {original.shape}")
    if tasks is not None and len(tasks) != len(original):
        raise ValueError(f"images are of {len(original)} tasks, but {len(tasks)} have a number")


def recall_figure(sample: RecallSample) -> Figure:
    """Originals above their recalls, of at most `MOST_TASKS` tasks from the first to the last.

    Raises:
        ValueError: see `check_pairs`.
    """
    check_pairs(sample)
    shown, stride = selection(sample), pixels.stride(*sample.original.shape[2:4])
    sheet = make_sheet(shown, stride)
    rows, columns = (sheet.zoom * side / DPI for side in sheet.image.shape[:2])
    width, height = LEFT + max(columns, NARROWEST) + REST, TOP + rows + REST
    figure = Figure(figsize=(width, height), dpi=DPI)
    for first, band in enumerate(np.split(sheet.image, len(shown.original))):
        # One task at a time: what matplotlib needs besides is a hundred bytes for each pixel of an image.
        enlarged = band.repeat(sheet.zoom, axis=0).repeat(sheet.zoom, axis=1)
        below = len(enlarged) * (len(shown.original) - 1 - first)
        figure.figimage(enlarged, xo=round(LEFT * DPI), yo=round(REST * DPI) + below)
    place = (LEFT / width, REST / height, columns / width, rows / height)
    axes = figure.add_axes(place, frameon=False)
    axes.set(xlim=(0, 1), ylim=(len(sheet.image), 0))
    axes.set_yticks(*_labels(shown, sheet), fontsize=8, color=INK)
    axes.set_xticks([])
    axes.tick_params(length=0)
    title = "Originals and their recalls"
    if len(shown.original) < len(sample.original):
        title += f", {len(shown.original)} of {len(sample.original)} tasks"
    if stride > 1:
        title += f", one pixel in {stride} a side"
    axes.set_title(title, loc="left", fontsize=11, color=INK)
    return figure


def selection(sample: RecallSample) -> RecallSample:
    """As many tasks, and of each as many images, as have room on a sheet; images in full size, tasks numbered."""
    original, recalled, tasks = sample
    num_tasks, per_task, height, width = original.shape[:4]
    columns = spread(per_task, MOST_PER_TASK)
    step = pixels.stride(height, width)
    height, width = -(-height // step), -(-width // step)
    gap, zoom = _gap(height), _zoom(height, width)
    band = zoom**2 * (2 * height + 4 * gap) * len(columns) * (width + gap)
    rows = spread(num_tasks, min(MOST_TASKS, max(1, MOST_PIXELS // band)))
    numbers = np.arange(num_tasks) if tasks is None else np.asarray(tasks)
    cut = np.ix_(rows, columns)
    return RecallSample(original[cut], recalled[cut], numbers[rows].tolist())


def make_sheet(shown: RecallSample, stride: int) -> Sheet:
    """All images of `shown`, every `stride`-th pixel of them, side by side."""
    pairs = np.stack(shown[:2], axis=1)[..., ::stride, ::stride, :]  # [T, 2, m, H, W, C]
    gap, zoom = _gap(pairs.shape[3]), _zoom(*pairs.shape[3:5])
    spaced = ((0, 0), (0, 0), (0, 0), (0, gap), (0, gap), (0, 0))
    tiles = np.pad(pixels.as_rgb(pairs), spaced, constant_values=255).transpose(0, 1, 3, 2, 4, 5)
    num_tasks, _, tile_height, m, tile_width, _ = tiles.shape
    bands = tiles.reshape(num_tasks, 2 * tile_height, m * tile_width, 3)
    bands = np.pad(bands, ((0, 0), (0, 2 * gap), (0, 0), (0, 0)), constant_values=255)
    return Sheet(bands.reshape(-1, m * tile_width, 3), gap, zoom)


def _labels(shown: RecallSample, sheet: Sheet) -> tuple[list[float], list[str]]:
    """Places along the sheet, and what stands beside them."""
    places, texts = [], []
    band = len(sheet.image) / len(shown.original)  # two images and four gaps
    height = band / 2 - 2 * sheet.gap
    for i, task in enumerate(shown.tasks or ()):
        decibel = metrics.psnr(shown.original[i], shown.recalled[i]).mean()
        places += [i * band + height / 2, i * band + height / 2 + height + sheet.gap]
        texts += [f"task {task}  original", f"{decibel:.1f} dB  recalled"]
    return places, texts


def _gap(height: int) -> int:
    return max(2, height // 16)


def _zoom(height: int, width: int) -> int:
    return max(1, round(TILE_PIXELS / max(height, width)))
