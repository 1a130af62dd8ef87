"""Cases as points of a plane, those of a method in one colour and, where there are several, along a line."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Annotation
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from braincl_jax.report import style
from braincl_jax.report.cases import Case
from braincl_jax.report.units import short

# With more methods than these, names would hide the points.
MOST_NAMES = 24
# Points of 1/72 inch: of a name and the air above it, and of a letter.
NAME_HEIGHT, LETTER_WIDTH = 9.0, 4.5


class Point(NamedTuple):
    """A case in a plane.

    Attributes:
        case: its runs.
        x: of each run that has both.
        y: of the same runs.
    """

    case: Case
    x: Sequence[float]
    y: Sequence[float]


def draw_points(axes: Axes, points: Sequence[Point], colours: dict[str, str]) -> None:
    """Draws the mean of each point over its seeds, with a line from the lowest to the highest of them.

    Args:
        axes: to draw into.
        points: at least one run each.
        colours: by method, see `colours_of`.
    """
    methods: dict[str, list[Point]] = {}
    for point in points:
        methods.setdefault(point.case.method, []).append(point)
    for method, own in methods.items():
        own = sorted(own, key=lambda point: np.mean(point.x))
        x = [float(np.mean(point.x)) for point in own]
        y = [float(np.mean(point.y)) for point in own]
        axes.plot(x, y, color=colours[method], marker="o", markersize=5, linewidth=1.2)
        for place, point in zip(x, own, strict=True):
            axes.vlines(place, min(point.y), max(point.y), color=colours[method], lw=1.5, alpha=0.5)
        name = style.plain(method) if len(methods) <= MOST_NAMES else ""
        axes.annotate(name, (x[-1], y[-1]), xytext=(5, 4), textcoords="offset points", fontsize=8)


def colours_of(cases: Sequence[Case]) -> dict[str, str]:
    """Method -> colour, the same in all plots of these cases."""
    methods = dict.fromkeys(case.method for case in cases)
    return {
        method: style.COLOURS[number % len(style.COLOURS)] for number, method in enumerate(methods)
    }


def dress_plane(axes: Axes, x: str, y: str, *, log: bool) -> None:
    """Names of the axes, room for names of points, and a grid."""
    axes.set(xlabel=x, ylabel=y)
    if log:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, place: short(value)))
        # Those between would lie upon each other.
        axes.xaxis.set_minor_formatter(NullFormatter())
    axes.margins(x=0.2, y=0.15)
    style.dress(axes)
    axes.grid(color=style.FAINT, linewidth=0.7)
    _lift_names(axes)


def _lift_names(axes: Axes) -> None:
    """Moves names upwards that would lie upon others, as those of methods with equally many bytes do."""
    inches = axes.figure.get_size_inches() * axes.get_position().size  # pyright: ignore
    to_axes = axes.transData + axes.transAxes.inverted()
    names = [text for text in axes.texts if isinstance(text, Annotation) and text.get_text()]
    places = [to_axes.transform(name.xy) * 72 * inches for name in names]
    taken: list[tuple[float, float, float]] = []  # left, right and lower edge
    for name, (x, y) in sorted(zip(names, places, strict=True), key=lambda one: one[1][1]):
        right, low = x + LETTER_WIDTH * len(name.get_text()), y
        for other_left, other_right, other_low in taken:  # from the lowest to the highest
            if x < other_right and other_left < right and abs(low - other_low) < NAME_HEIGHT:
                low = other_low + NAME_HEIGHT
        taken = sorted([*taken, (x, right, low)], key=lambda one: one[2])
        left, above = name.xyann
        name.xyann = (left, above + low - y)
