"""How every figure looks: resolution, colours, axes, ticks."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

DPI = 150
INK, FAINT, BLUE, RED = "#2b2d33", "#d9dce1", "#2f6690", "#c1452f"
# Seven colours and five markers: 35 lines before one looks like another. Dashes set the second seven apart.
COLOURS = (BLUE, RED, "#5b8c5a", "#8a6fa8", "#c9962b", "#4aa3a2", "#6b7280")
MARKERS = ("o", "s", "^", "D", "v")
STROKES = ("-", "--", ":")
MOST_TICKS = 20
MOST_MARKERS = 60  # along a line; more of them hide it
LONGEST_NAME = 28  # of a class, in characters


def blank_axes(width: float, height: float, title: str) -> tuple[Figure, Axes]:
    """An empty plot of width x height inches in the house style; pyplot never hears of it."""
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", fontsize=11, color=INK, pad=10)
    dress(axes)
    return figure, axes


def dress(axes: Axes) -> None:
    """Gives a plot the lines, ticks and colours of the house."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    axes.tick_params(colors=INK, labelsize=9, length=0)
    axes.xaxis.label.set_color(INK)
    axes.yaxis.label.set_color(INK)
    axes.set_axisbelow(True)


def accuracy_axes(width: float, num_tasks: int, height: float = 3.6) -> tuple[Figure, Axes]:
    """An empty plot of accuracy in % (0..100) after each of `num_tasks` tasks, counted from 0."""
    figure, axes = blank_axes(width, height, "Accuracy over all classes seen so far")
    axes.set(xlabel="after task", ylabel="accuracy (%)", ylim=(0, 103))
    axes.set(xlim=(-0.3, num_tasks - 0.7), xticks=task_ticks(num_tasks))
    axes.grid(axis="y", color=FAINT, linewidth=0.7)
    return figure, axes


def task_ticks(num_tasks: int) -> range:
    """Task 0 and from there on as many, evenly spaced, as have room on an axis."""
    return range(0, num_tasks, 1 + num_tasks // MOST_TICKS)


def marker(index: int, num_points: int) -> str | None:
    """The marker of line `index`; None for a line of many points."""
    return MARKERS[index % len(MARKERS)] if num_points <= MOST_MARKERS else None


def stroke(index: int) -> str:
    """The line style of line `index`: another one each time that colours are used up."""
    return STROKES[index // len(COLOURS) % len(STROKES)]


def plain(text: str) -> str:
    """`text` as it is to be read: a dollar sign in a name does not begin a formula."""
    return text.replace("$", r"\$")


def short(name: str) -> str:
    """A name on one line, `plain`, of which at most `LONGEST_NAME` characters are shown."""
    line = " ".join(name.split())
    return plain(line if len(line) <= LONGEST_NAME else line[: LONGEST_NAME - 1] + "…")
