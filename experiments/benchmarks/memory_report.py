"""Tables and a plot of what `experiments.benchmarks.memory` measured, and with what."""

import platform
import re
import shlex
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from braincl_jax.report.style import COLOURS, MARKERS
from braincl_jax.report.tables import markdown_table, number
from experiments.benchmarks.image_codecs import Curve, interpolate
from experiments.provenance import current_commit, hardware

PACKAGES = ("jax", "numpy", "pillow", "pillow-jxl-plugin", "constriction")

# Our points by the way they were made: `rate.rate_point` of each.
Points = dict[str, list[dict[str, Any]]]


def lines(curves: Sequence[Curve], value: str) -> dict[str, list[tuple[float, float]]]:
    """(bytes per image, dB) of each way to use an image codec."""
    found = {}
    for one in curves:
        found[one.name] = [(point.bytes, getattr(point, value)) for point in one.shared]
        if one.whole is not one.shared:
            found[f"{one.name}, whole files"] = [
                (point.whole_bytes, getattr(point, value)) for point in one.whole
            ]
    return found


def at_equal_bytes(
    points: Points, curves: Sequence[Curve], budgets: Sequence[float]
) -> list[dict[str, Any]]:
    """Mean PSNR in dB of the image codecs at our bytes, and how much more ours with one task has."""
    rows = []
    for budget, ours in zip(budgets, points["one task"], strict=True):
        theirs = {
            name: interpolate(line, ours["bytes_per_image"])
            for name, line in lines(curves, "psnr_db").items()
        }
        more = {name: ours["psnr_db"] - one for name, one in theirs.items() if one is not None}
        rows.append(
            {"bytes_per_image": budget, "ours": ours["psnr_db"], "others": theirs, "more": more}
        )
    return rows


def rate_table(
    points: Points,
    curves: Sequence[Curve],
    budgets: Sequence[float],
    value: str,
) -> str:
    """One row for each way to spend the bytes, one column for each budget."""
    measured = {
        name: {round(one["bytes_per_image"]): one[value] for one in many}
        for name, many in points.items()
    }
    reference = measured["one task"]
    theirs = {
        name: {round(budget): interpolate(line, budget) for budget in budgets}
        for name, line in lines(curves, value).items()
    }
    rows = []
    for name, found in (*((f"ours, {k}", v) for k, v in measured.items()), *theirs.items()):
        cells = []
        for budget in map(round, budgets):
            db = found.get(budget)
            more = "" if db is None or found is reference else f" ({reference[budget] - db:+.2f})"
            cells.append(number(db, ".2f") + more)
        rows.append([name, *cells])
    return markdown_table(["", *(f"{one:g} bytes" for one in budgets)], rows)


def refinement_table(points: Sequence[dict[str, Any]]) -> str:
    rows = [
        [
            f"{one['first_steps']} steps, {one['refine_epochs']} epochs",
            f"{one['psnr_db']:.2f}",
            f"{one['psnr_of_mse_db']:.2f}",
            str(one["stored"]),
            f"{one['seconds']['encode']:.0f}",
            f"{one['seconds'].get('refine', 0):.0f}",
        ]
        for one in points
    ]
    header = ["", "PSNR (dB)", "of mean error (dB)", "stored", "encode (s)", "refine (s)"]
    return markdown_table(header, rows)


def class_table(classes: dict[str, dict[str, Any]]) -> str:
    rows = [
        [
            name,
            f"{one['saved_bytes_per_image']:.2f}",
            f"{one['of_which_by_one_for_all_classes']:.2f}",
            f"{one['tables_bytes_per_image']:.2f}",
            f"{one['gain_bytes_per_image']:+.2f} ({one['gain_percent_of_string']:+.2f} %)",
            "yes" if one["pays"] else "no",
        ]
        for name, one in classes.items()
    ]
    header = ["", "saved at most", "of it by one for all classes", "tables weigh", "gain", "pays"]
    return markdown_table(header, rows)


def decoder_table(points: dict[str, Points]) -> str:
    """Bytes of decoders and strings, and PSNR: means over seeds, by number of tasks and way to keep decoders."""
    rows = []
    for tasks, ways in points.items():
        for name, seeds in ways.items():
            bills = [one["memory_bytes"] for one in seeds]
            parts = [np.mean([bill[part] for bill in bills]) for part in ("decoders", "strings")]
            psnr = np.mean([one["psnr_db"] for one in seeds])
            rows.append([tasks, name, *(f"{part:,.0f}" for part in parts), f"{psnr:.2f}"])
    return markdown_table(["", "", "decoders (bytes)", "strings (bytes)", "PSNR (dB)"], rows)


def write_plot(path: Path, figures: dict[str, Any]) -> None:
    """Rate and distortion: mean PSNR over bytes per image, all told."""
    figure = Figure(figsize=(8, 5), dpi=150, layout="constrained")
    axes = figure.add_subplot(xlabel="bytes per image, all told", ylabel="mean PSNR (dB)")
    most = 1.15 * max(one["bytes_per_image"] for one in figures["ours"]["one task"])
    for (name, points), marker in zip(figures["ours"].items(), MARKERS, strict=False):
        xy = np.array([[one["bytes_per_image"], one["psnr_db"]] for one in points])
        axes.plot(*xy.T, marker=marker, color=COLOURS[0], label=f"ours, {name}", zorder=3)
    names = [name.removesuffix(" mosaic") for name in figures["others"]]
    colours = dict(zip(dict.fromkeys(names), COLOURS[1:], strict=False))
    for (name, other), base in zip(figures["others"].items(), names, strict=True):
        styles = {"headers_counted_once": ("--" if name != base else "-", name, "bytes")}
        if name == base:
            styles["whole_files"] = (":", f"{name}, whole files", "whole_bytes")
        for kind, (style, label, size) in styles.items():
            xy = np.array([[one[size], one["psnr_db"]] for one in other[kind]])
            if xy[0, 0] < most:
                axes.plot(*xy.T, style, color=colours[base], label=label, linewidth=1.3)
    axes.set_xlim(0, most)
    shown = [one["psnr_db"] for many in figures["ours"].values() for one in many]
    axes.set_ylim(min(shown) - 4, max(shown) + 4)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def public(text: str) -> str:
    """A command or setting without the folders of this machine: npz:/data/a.npz -> npz:a.npz."""
    return re.sub(r"(npz:|folder:|=)/\S*/", r"\1", text)


def provenance() -> dict[str, Any]:
    """What the figures were measured with."""
    command = ["python", "-m", "experiments.benchmarks.memory", *map(public, sys.argv[1:])]
    versions = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return {
        "command": shlex.join(command),
        "commit": current_commit(),
        "hardware": hardware(),
        "versions": versions,
    }
