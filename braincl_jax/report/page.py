"""The report of one run: plots and a Markdown page made from its `summary.json`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter
from numpy.typing import NDArray

from braincl_jax.evaluators import metrics

DPI = 150
INK, FAINT, BLUE, RED = "#2b2d33", "#d9dce1", "#2f6690", "#c1452f"
RECALL_TILE_PIXELS = 96
MOST_NUMBERS = 12  # along a curve
METRIC_ROWS = (
    ("final accuracy", "final_accuracy", 100, "%"),
    ("average incremental accuracy (iCaRL)", "average_incremental_accuracy", 100, "%"),
    ("forgetting (Chaudhry et al. 2018)", "forgetting_chaudhry", 100, "points"),
    ("backward transfer (GEM)", "backward_transfer_gem", 100, "points"),
    ("PSNR of recalled images", "recall_psnr_db", 1, "dB"),
    ("whole memory by stored image", "bits_per_pixel", 1, "bits per pixel"),
)


class RecallSample(NamedTuple):
    """m training images of each task, as they were and as they are recalled.

    Attributes:
        original: uint8 [T, m, H, W, C], C = 1 (grey) or 3 (RGB).
        recalled: uint8 [T, m, H, W, C].
    """

    original: NDArray[np.uint8]
    recalled: NDArray[np.uint8]


def write_report(directory: Path, summary: Mapping[str, Any], recalls: RecallSample | None) -> Path:
    """Writes the plots and `report.md` into `directory`, which is created.

    Args:
        directory: gets `accuracy_curve.png`, `accuracy_matrix.png`, `memory_bill.png`,
            `report.md` and, with recalls, `recalls.png`.
        summary: the content of `summary.json`; `memory_bytes` may hold its "total" alone. Read
            besides, if there: `test_sizes` (see `accuracy_curve`) and `raw_train_bytes`, the bytes
            of all training images as uint8. Other keys are ignored.
        recalls: the images to show, or None for a method that recalls none.

    Returns:
        The path of `report.md`.

    Raises:
        ValueError: if the accuracy matrix is not one, or the recalls are not pairs of images.
    """
    figures = {
        "accuracy_curve": _curve_figure(accuracy_curve(summary)),
        "accuracy_matrix": _matrix_figure(_percent(summary)),
        "memory_bill": _memory_figure(summary),
    }
    if recalls is not None:
        figures["recalls"] = _recall_figure(recalls)
    directory.mkdir(parents=True, exist_ok=True)
    for name, figure in figures.items():
        figure.savefig(directory / f"{name}.png")
    images = [f"![{name.replace('_', ' ')}]({name}.png)" for name in figures]
    page = directory / "report.md"
    page.write_text("\n\n".join([*_sections(summary), *images]) + "\n", encoding="utf-8")
    return page


def accuracy_curve(summary: Mapping[str, Any]) -> NDArray[np.float64]:
    """Accuracy over all classes seen after each task, float64 [T], fractions in [0, 1].

    Tasks are weighted by `summary["test_sizes"]`, test images of each task, and equally without it.
    """
    matrix = summary["accuracy_matrix"]
    sizes = summary.get("test_sizes") or [1] * len(matrix)
    return np.array([metrics.accuracy_after(matrix, sizes, i) for i in range(len(matrix))])


def blank_axes(width: float, height: float, title: str) -> tuple[Figure, Axes]:
    """An empty plot of width x height inches in the house style; pyplot never hears of it."""
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", fontsize=11, color=INK, pad=10)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    axes.tick_params(colors=INK, labelsize=9, length=0)
    axes.xaxis.label.set_color(INK)
    axes.yaxis.label.set_color(INK)
    axes.set_axisbelow(True)
    return figure, axes


def accuracy_axes(width: float, num_tasks: int) -> tuple[Figure, Axes]:
    """An empty plot of accuracy in % (0..100) after each of `num_tasks` tasks, counted from 0."""
    figure, axes = blank_axes(width, 3.6, "Accuracy over all classes seen so far")
    axes.set(xlabel="after task", ylabel="accuracy (%)", ylim=(0, 103))
    axes.set(xlim=(-0.3, num_tasks - 0.7), xticks=range(0, num_tasks, 1 + num_tasks // 20))
    axes.grid(axis="y", color=FAINT, linewidth=0.7)
    return figure, axes


def _curve_figure(curve: NDArray[np.float64]) -> Figure:
    figure, axes = accuracy_axes(6, len(curve))
    axes.plot(100 * curve, color=BLUE, linewidth=2, marker="o", markersize=5)
    # The last one, and from there back as many as have room.
    for i in range(len(curve) - 1, -1, -1 - len(curve) // MOST_NUMBERS):
        value = 100 * curve[i]
        # Below a high point, above a low one: the number stays inside the plot.
        offset = -14 if value > 50 else 8
        axes.annotate(
            f"{value:.1f}",
            (i, value),
            (0, offset),
            textcoords="offset points",
            ha="center",
            fontsize=8,
            color=INK,
        )
    return figure


def _percent(summary: Mapping[str, Any]) -> NDArray[np.float64]:
    """The accuracy matrix in %, NaN above the diagonal."""
    matrix = 100 * np.array(summary["accuracy_matrix"], dtype=np.float64)
    matrix[np.triu_indices(len(matrix), k=1)] = np.nan
    return matrix


def _matrix_figure(percent: NDArray[np.float64]) -> Figure:
    tasks = range(len(percent))
    side = 0.5 * len(percent) + 1.2
    figure, axes = blank_axes(max(side, 3.2), side, "Accuracy by task (%)")
    axes.imshow(percent, cmap="Blues", vmin=0, vmax=100)
    for i in tasks:
        for j in range(i + 1):
            ink = "white" if percent[i, j] > 55 else INK
            axes.text(j, i, f"{percent[i, j]:.1f}", ha="center", va="center", fontsize=8, color=ink)
    axes.set(xlabel="images of task", ylabel="after task", xticks=tasks, yticks=tasks)
    axes.spines[:].set_visible(False)
    return figure


def _memory_figure(summary: Mapping[str, Any]) -> Figure:
    """A cascade: each part starts where the last one ended, so that the bars add up by eye."""
    parts, budget = _memory_parts(summary), summary["budget_bytes"]
    total = summary["memory_bytes"]["total"]
    rows = [*parts, "total"]
    sizes = np.array([*parts.values(), total], dtype=np.float64)
    starts = np.append(np.cumsum(sizes[:-1]) - sizes[:-1], 0)
    title = f"Long-term memory: {total:,} bytes; budget (dashed): {budget:,} bytes"
    figure, axes = blank_axes(6.5, 0.36 * len(rows) + 1.2, title)
    axes.barh(rows, sizes, left=starts, height=0.62, color=[BLUE] * len(parts) + [INK])
    axes.axvline(budget, color=RED, linewidth=1.5, linestyle="--")
    place = {"transform": axes.get_yaxis_transform(), "ha": "right", "va": "center"}
    for i, size in enumerate(sizes):
        axes.text(1.14, i, f"{size:,.0f}", fontsize=9, color=INK, **place)
    axes.set(xlim=(0, 1.04 * max(budget, total, 1)), ylim=(len(rows) - 0.5, -0.5))
    axes.xaxis.set_major_formatter(EngFormatter(unit="B"))
    if summary.get("raw_train_bytes") is not None:
        axes.set_xlabel(f"all training images as raw pixels: {summary['raw_train_bytes']:,} bytes")
    return figure


def _memory_parts(summary: Mapping[str, Any]) -> dict[str, int]:
    return {name: size for name, size in summary["memory_bytes"].items() if name != "total"}


def _recall_figure(recalls: RecallSample) -> Figure:
    """Every pixel of an image becomes k x k pixels of the plot: nothing is resampled."""
    original, recalled = recalls
    if original.ndim != 5 or original.shape != recalled.shape:
        raise ValueError(f"need two [T, m, H, W, C], got {original.shape} and {recalled.shape}")
    quality = [metrics.psnr(*task).mean() for task in zip(original, recalled, strict=True)]
    height, width = original.shape[2:4]
    gap = max(2, height // 16)
    sheet = _recall_sheet(recalls, gap)
    k = max(1, round(RECALL_TILE_PIXELS / min(height, width)))
    rows, columns = k * sheet.shape[0] / DPI, k * sheet.shape[1] / DPI
    left, top, rest = 1.35, 0.45, 0.15  # margins in inches
    size = (left + max(columns, 2.6) + rest, top + rows + rest)
    figure = Figure(figsize=size, dpi=DPI)
    axes = figure.add_axes(
        (left / size[0], rest / size[1], columns / size[0], rows / size[1]), frameon=False
    )
    axes.imshow(sheet, interpolation="none", aspect="auto")
    labels, places = [], []
    for t, decibel in enumerate(quality):
        centre = t * sheet.shape[0] / len(quality) + height / 2
        labels += [f"task {t}  original", f"{decibel:.1f} dB  recalled"]
        places += [centre, centre + height + gap]
    axes.set_yticks(places, labels, fontsize=8, color=INK)
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.set_title("Originals and their recalls", loc="left", fontsize=11, color=INK)
    return figure


def _recall_sheet(recalls: RecallSample, gap: int) -> NDArray[np.uint8]:
    """White uint8 [rows, columns, 3]: per task m originals above their recalls, then a space."""
    pairs = np.stack(recalls, axis=1)  # [T, 2, m, H, W, C]
    spaced = ((0, 0), (0, 0), (0, 0), (0, gap), (0, gap), (0, 0))
    tiles = np.pad(pairs, spaced, constant_values=255).transpose(0, 1, 3, 2, 4, 5)
    num_tasks, _, tile_height, m, tile_width, channels = tiles.shape
    bands = tiles.reshape(num_tasks, 2 * tile_height, m * tile_width, channels)
    bands = np.pad(bands, ((0, 0), (0, 2 * gap), (0, 0), (0, 0)), constant_values=255)
    sheet = bands.reshape(-1, m * tile_width, channels)
    return np.repeat(sheet, 3, axis=-1) if channels == 1 else sheet


def _sections(summary: Mapping[str, Any]) -> list[str]:
    """The blocks of the Markdown page above its images."""
    return [
        f"# {summary['method']} on {summary['dataset']}",
        f"{summary['num_tasks']} tasks, seed {summary['seed']}, budget "
        f"{summary['budget_bytes']:,} bytes, {number(summary.get('num_cues'), ',.0f')} cues or "
        f"exemplars kept, device {summary.get('device', 'n/a')}.",
        "## Metrics",
        markdown_table(["metric", "value", "unit"], _metric_rows(summary)),
        "## Accuracy (%): row after task, column images of task",
        _accuracy_table(summary),
        "## Long-term memory",
        _memory_table(summary),
        "## Plots",
    ]


def number(value: float | None, form: str) -> str:
    """`value` in the format `format`; "n/a" for a measure that a method does not have."""
    return "n/a" if value is None else format(value, form)


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A GitHub-Markdown table: first column to the left, numbers to the right."""
    rule = [":--"] + ["--:"] * (len(header) - 1)
    return "\n".join("| " + " | ".join(row) + " |" for row in [header, rule, *rows])


def _metric_rows(summary: Mapping[str, Any]) -> list[list[str]]:
    values = [(summary.get(key), scale) for _, key, scale, _ in METRIC_ROWS]
    texts = [number(None if v is None else scale * v, ".2f") for v, scale in values]
    return [[row[0], text, row[3]] for row, text in zip(METRIC_ROWS, texts, strict=True)]


def _accuracy_table(summary: Mapping[str, Any]) -> str:
    percent, curve = _percent(summary), accuracy_curve(summary)
    header = ["after", *(f"task {j}" for j in range(len(percent))), "all seen"]
    rows = [
        [f"task {i}", *("" if np.isnan(v) else f"{v:.2f}" for v in row), f"{100 * curve[i]:.2f}"]
        for i, row in enumerate(percent)
    ]
    return markdown_table(header, rows)


def _memory_table(summary: Mapping[str, Any]) -> str:
    rows = _memory_parts(summary) | {"**total**": summary["memory_bytes"]["total"]}
    rows |= {"budget": summary["budget_bytes"]}
    if summary.get("raw_train_bytes") is not None:
        rows |= {"all training images, raw": summary["raw_train_bytes"]}
    return markdown_table(["part", "bytes"], [[name, f"{size:,}"] for name, size in rows.items()])
