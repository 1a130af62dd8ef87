"""`metrics.csv`: the log of a run as a table for spreadsheets and data frames.

A row for each line of `metrics.jsonl`, in the same order, and a column for each metric: of a phase by its name, of an
evaluator as EVALUATOR.NAME. Cells are empty where a line has no such metric. A list of numbers is one cell, as JSON;
what is larger, such as a matrix, is left out: `summary.json` has it.

The table is made from the log whenever a run ends or is interrupted, and so it never says anything else.
"""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from braincl_jax.files import written_whole
from braincl_jax.runtime.logged import PLACE, metrics_in, read_log
from braincl_jax.runtime.workdir import TABLE


class MetricsTable:
    """Follows a log (see `followed.Follower`) and makes its table when it is closed."""

    def __init__(self, log: Path) -> None:
        """Gets the log; the table will lie beside it."""
        self._log = log

    def begin(self, past: Iterator[dict[str, Any]]) -> None:
        """Nothing is to be done: at the end all lines are read anew."""

    def follow(self, line: dict[str, Any]) -> None:
        """As `begin`."""

    def end(self) -> None:
        """Writes the table.

        Raises:
            ValueError: as `read_log`.
        """
        write_table(self._log, self._log.with_name(TABLE))


def write_table(log: Path, table: Path) -> None:
    """Makes the table, UTF-8 with a header, from a log of any length; an interrupted write leaves the old one.

    Raises:
        ValueError: as `read_log`.
    """
    names = dict.fromkeys(name for line in read_log(log) for name in _cells(line))
    with written_whole(table, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*PLACE, *names], restval="", lineterminator="\n")
        writer.writeheader()
        for line in read_log(log):
            place = {name: line[name] for name in PLACE if name in line}
            writer.writerow(place | _cells(line))


def _cells(line: dict[str, Any]) -> dict[str, Any]:
    """What the table has of a line beside its place."""
    cells = {}
    for name, value in metrics_in(line).items():
        if isinstance(value, list) and all(isinstance(one, int | float | None) for one in value):
            cells[name] = json.dumps(value)
        elif not isinstance(value, list | dict):
            cells[name] = value
    return cells
