"""`metrics.csv`: the log of a run as a table for spreadsheets and data frames.

A row for each line of `metrics.jsonl`, in the same order, and a column for each metric: of a phase by its name, of an
evaluator as EVALUATOR.NAME. Cells are empty where a line has no such metric. A list of numbers is one cell, as JSON;
what is larger, such as a matrix, is left out: `summary.json` has it.

The table is made from the log whenever a run ends or is interrupted, and so it never says anything else.
"""

import contextlib
import csv
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from braincl_jax.runtime.logged import PLACE, metrics_in, read_log
from braincl_jax.runtime.processes import leads
from braincl_jax.runtime.workdir import METRICS, TABLE

_LOG = logging.getLogger(__name__)


@contextlib.contextmanager
def table_beside_log(workdir: Path) -> Iterator[None]:
    """Writes the table on the way out, however that comes about; a failure is a warning: all of it is in the log."""
    try:
        yield
    finally:
        if leads():
            try:
                write_table(workdir / METRICS, workdir / TABLE)
            except Exception as error:
                _LOG.warning("%s could not be written: %s", workdir / TABLE, error, exc_info=True)


def write_table(log: Path, table: Path) -> None:
    """Makes the table, UTF-8 with a header, from a log of any length; an interrupted write leaves the old one.

    Raises:
        ValueError: as `read_log`.
    """
    names = dict.fromkeys(name for line in read_log(log) for name in _cells(line))
    temporary = table.with_name(f".{table.name}.tmp")
    try:
        with temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, [*PLACE, *names], restval="", lineterminator="\n")
            writer.writeheader()
            for line in read_log(log):
                place = {name: line[name] for name in PLACE if name in line}
                writer.writerow(place | _cells(line))
        os.replace(temporary, table)
    finally:
        temporary.unlink(missing_ok=True)


def _cells(line: dict[str, Any]) -> dict[str, Any]:
    """What the table has of a line beside its place."""
    cells = {}
    for name, value in metrics_in(line).items():
        if isinstance(value, list) and all(isinstance(one, int | float | None) for one in value):
            cells[name] = json.dumps(value)
        elif not isinstance(value, list | dict):
            cells[name] = value
    return cells
