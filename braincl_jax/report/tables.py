"""Numbers and tables as text."""

from collections.abc import Sequence
from itertools import chain

import numpy as np

MISSING = "n/a"
LONGEST_VALUE = 200  # of a setting, in characters


def number(value: float | None, form: str) -> str:
    """`value` in the format `form` of `format`; "n/a" for a measure that a run does not have."""
    return MISSING if value is None else format(value, form)


def mean_text(values: Sequence[float], form: str) -> str:
    """The mean and, from two values on, the sample standard deviation (divisor n - 1): "74.0 ± 4.0".

    Args:
        values: of different seeds; "n/a" if there are none.
        form: of both numbers, as `format` takes it.
    """
    mean = number(float(np.mean(values)) if len(values) else None, form)
    return mean if len(values) < 2 else f"{mean} ± {np.std(values, ddof=1):{form}}"


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A GitHub-Markdown table: first column to the left, numbers to the right."""
    rule = [":--"] + ["--:"] * (len(header) - 1)
    return "\n".join(
        "| " + " | ".join(map(_cell, row)) + " |" for row in chain([header, rule], rows)
    )


def cut_table(header: Sequence[str], rows: Sequence[Sequence[str]], most: int) -> str:
    """`markdown_table` of at most `most` rows, the first; a line below says how many more there are."""
    return markdown_table(header, rows[:most]) + left_out(len(rows) - most)


def left_out(number: int) -> str:
    """What stands below a list that was cut by `number` entries; nothing if it was not."""
    return f"\n\n… and {number:,} more, in `summary.json`." if number > 0 else ""


def code(value: object) -> str:
    """A value as Markdown code on one line, of which at most `LONGEST_VALUE` characters are shown."""
    text = str(list(value) if isinstance(value, tuple) else value)
    line = " ".join(text.replace("`", "'").split())
    return f"`{line if len(line) <= LONGEST_VALUE else line[: LONGEST_VALUE - 1] + '…'}`"


def _cell(text: str) -> str:
    """A bar or a new line in a name is not the end of its cell."""
    return " ".join(text.replace("|", r"\|").splitlines())
