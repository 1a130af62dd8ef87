"""Methods side by side: a table, figures and a page from the `summary.json` of many runs."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from braincl_jax.report.drawing import draw_figures, embedded
from braincl_jax.report.summaries import Row, Summary, rows_of, runs_by_method
from braincl_jax.report.tables import markdown_table, mean_text, number


def write_comparison(directory: Path, summaries: Sequence[Summary]) -> Path:
    """Writes `comparison.md`, and a PNG of every figure registered for comparisons, into `directory`.

    A figure that fails is logged as a warning, and the page goes without it.

    Args:
        directory: is created.
        summaries: `summary.json` objects, one a run, in any order.

    Returns:
        The path of `comparison.md`.

    Raises:
        ValueError: as `runs_by_method`; nothing is written.
    """
    table = comparison_table(summaries)
    directory.mkdir(parents=True, exist_ok=True)
    drawn = draw_figures(directory, (), "comparison", summaries)
    first = summaries[0]
    title = f"# {first['dataset']}, {first['num_tasks']} tasks"
    page = directory / "comparison.md"
    page.write_text("\n\n".join([title, table, *embedded(drawn)]) + "\n", encoding="utf-8")
    return page


def comparison_table(summaries: Sequence[Summary]) -> str:
    """A GitHub-Markdown table, one line a method in order of first appearance.

    The rows that the runs declare (see `rows_of`) are its columns: the mean over the seeds and, from two on, the sample
    standard deviation (divisor n - 1). Bytes, cues and minutes are means over the seeds; minutes are the sum of all
    `wall_seconds` of a run. A measure that no run of the method has reads "n/a"; one that only some have says how many.

    Raises:
        ValueError: as `runs_by_method`.
    """
    rows, methods = rows_of(summaries), runs_by_method(summaries)
    measures = [f"{row.label} ({row.unit})" if row.unit else row.label for row in rows]
    header = ["method", "seeds", *measures, "memory (bytes)", "cues or exemplars", "minutes"]
    return markdown_table(header, [_line(method, runs, rows) for method, runs in methods.items()])


def _line(method: str, runs: Sequence[Summary], rows: Sequence[Row]) -> list[str]:
    bills = [run.get("memory_bytes") or {} for run in runs]
    minutes = [
        sum(run["wall_seconds"].values()) / 60
        for run in runs
        if run.get("wall_seconds") is not None
    ]
    return [
        method,
        str(len(runs)),
        *(_measure(runs, row) for row in rows),
        _mean([bill.get("total") for bill in bills], ",.0f"),
        _mean([run.get("num_cues") for run in runs], ",.0f"),
        _mean(minutes, ".1f"),
    ]


def _measure(runs: Sequence[Summary], row: Row) -> str:
    known = [value for value in map(row.value, runs) if value is not None]
    some = f" (n = {len(known)})" if 0 < len(known) < len(runs) else ""
    return mean_text(known, ".2f") + some


def _mean(values: Sequence[float | None], form: str) -> str:
    """The mean of the values that are known."""
    known = [value for value in values if value is not None]
    return number(float(np.mean(known)) if known else None, form)
