"""From the names of figures to PNG files."""

import logging
import re
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from matplotlib.figure import Figure

from braincl_jax.registry import FIGURES
from braincl_jax.report.summaries import Summary

# A figure of so many pixels takes about 120 MiB to draw.
MOST_PIXELS = 30_000_000
_LOG = logging.getLogger(__name__)


class RegisteredFigure(Protocol):
    """What `FIGURES` holds: a settings class; see `report.figures`.

    Attributes:
        scope: "run", a figure of one run, or "comparison", one of many.
    """

    @property
    def scope(self) -> str: ...

    def draw(self, summaries: Sequence[Summary]) -> Figure | None:
        """Draws runs, of scope "run" exactly one; None: there is nothing to say about them."""
        ...


def draw_figures(
    directory: Path, texts: Sequence[str], scope: str, summaries: Sequence[Summary]
) -> list[str]:
    """Draws registered figures into `directory`, which exists; one that fails costs a warning and nothing else.

    Args:
        directory: gets NAME.png of each figure.
        texts: figures as `FIGURES.build` takes them; none: all that are registered.
        scope: "run" or "comparison"; figures of the other are left out.
        summaries: the runs, handed to each figure.

    Returns:
        The NAMEs in order: the texts, every run of characters that are not letters or digits made into one "_".
    """
    drawn = []
    for text in texts or FIGURES.names():
        name = re.sub(r"\W+", "_", text).strip("_")
        if draw_or_warn(directory / f"{name}.png", lambda text=text: _draw(text, scope, summaries)):
            drawn.append(name)
    return drawn


def draw_or_warn(path: Path, draw: Callable[[], Figure | None]) -> bool:
    """Writes the figure that `draw` returns as a PNG, and says whether there is one; what fails is logged."""
    # Whatever goes wrong in a figure, the numbers of a run that took days are worth more.
    try:
        figure = draw()
        if figure is not None:
            _save(figure, path)
    except Exception as error:
        _LOG.warning("figure %s was not drawn: %s", path.stem, error, exc_info=True)
        return False
    return figure is not None


def embedded(names: Sequence[str]) -> list[str]:
    """The Markdown that shows NAME.png, for each name."""
    return [f"![{name.replace('_', ' ')}]({name}.png)" for name in names]


def _draw(text: str, scope: str, summaries: Sequence[Summary]) -> Figure | None:
    figure: RegisteredFigure = FIGURES.build(text)
    return figure.draw(summaries) if figure.scope == scope else None


def _save(figure: Figure, path: Path) -> None:
    width, height = figure.get_size_inches() * figure.dpi
    if width * height > MOST_PIXELS:
        raise ValueError(
            f"a figure may have {MOST_PIXELS:,} pixels, got {width:.0f} x {height:.0f}"
        )
    with warnings.catch_warnings():
        # A box in place of a letter is not worth a line in the log for each letter of each class name.
        warnings.filterwarnings("ignore", r"Glyph .* missing from font")
        figure.savefig(path, dpi=figure.dpi)
