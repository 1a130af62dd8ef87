"""The report of one run: a Markdown page and the figures in it, made from its `summary.json`."""

from pathlib import Path

import numpy as np

from braincl_jax.report.classes import class_section
from braincl_jax.report.costs import compute_section
from braincl_jax.report.drawing import draw_figures, draw_or_warn, embedded
from braincl_jax.report.origin import origin_sections
from braincl_jax.report.recalls import RecallSample, check_pairs, recall_figure
from braincl_jax.report.summaries import (
    Summary,
    accuracy_curve,
    accuracy_matrix,
    has_accuracy,
    largest,
    memory_parts,
    rows_of,
)
from braincl_jax.report.tables import cut_table, left_out, markdown_table, number
from braincl_jax.spread import spread

# With more tasks than these, the page leaves the matrix to `summary.json`, and then tasks between others.
MOST_TASKS, MOST_ROWS = 30, 60
MOST_MEASURES, MOST_PARTS = 100, 40


def write_report(directory: Path, summary: Summary, recalls: RecallSample | None) -> Path:
    """Writes figures and `report.md` into `directory`, which is created.

    Args:
        directory: gets `report.md`, a PNG of each figure that has something to say of the run and, with recalls,
            `recalls.png`. A figure that fails is logged as a warning, and the page goes without it.
        summary: the content of `summary.json`. What it says in `rows` are the measures shown (see
            `summaries.rows_of`), and in `figures` the figures drawn, as texts for `FIGURES`; where it names none,
            all that are registered for a run. `memory_bytes` may hold its "total" alone. Read besides, if there:
            `accuracy_matrix`, `test_sizes`, `num_cues`, `raw_train_bytes` (the bytes of all training images as uint8),
            and what `class_section`, `compute_section` and `origin_sections` name. Long lists are cut, and say so.
        recalls: the images to show, or None for a method that recalls none.

    Returns:
        The path of `report.md`.

    Raises:
        ValueError: if the accuracy matrix is not one, or the recalls are not pairs of images; nothing is written.
    """
    if recalls is not None:
        check_pairs(recalls)
    sections = _sections(summary)
    directory.mkdir(parents=True, exist_ok=True)
    drawn = draw_figures(directory, summary.get("figures") or (), "run", [summary])
    if recalls is not None and draw_or_warn(
        directory / "recalls.png", lambda: recall_figure(recalls)
    ):
        drawn.append("recalls")
    plots = ["## Plots", *embedded(drawn)] if drawn else []
    page = directory / "report.md"
    blocks = [*sections, *plots, *origin_sections(summary)]
    page.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
    return page


def _sections(summary: Summary) -> list[str]:
    """The blocks of the Markdown page above its figures."""
    blocks = [
        f"# {summary['method']} on {summary['dataset']}",
        f"{summary['num_tasks']} tasks, seed {summary['seed']}, budget "
        f"{summary['budget_bytes']:,} bytes, {number(summary.get('num_cues'), ',.0f')} cues or "
        f"exemplars kept, device {summary.get('device', 'n/a')}.",
        "## Metrics",
        _metric_table(summary),
    ]
    if has_accuracy(summary):
        blocks += _accuracy_section(summary)
    blocks += class_section(summary)
    if summary.get("memory_bytes") is not None:
        blocks += ["## Long-term memory", _memory_table(summary)]
    return [*blocks, *compute_section(summary)]


def _metric_table(summary: Summary) -> str:
    rows = rows_of([summary])
    cells = [[row.label, number(row.value(summary), ".2f"), row.unit] for row in rows]
    return cut_table(["metric", "value", "unit"], cells, MOST_MEASURES)


def _accuracy_section(summary: Summary) -> list[str]:
    """The accuracy matrix and its curve; of many tasks, the curve and the diagonal; of very many, at some of them."""
    percent, curve = 100 * accuracy_matrix(summary), 100 * accuracy_curve(summary)
    tasks = range(len(percent))
    if len(percent) > MOST_TASKS:
        header = ["after", "this task", "all seen"]
        shown = spread(len(percent), MOST_ROWS).tolist()
        rows = [[f"task {i}", f"{percent[i, i]:.2f}", f"{curve[i]:.2f}"] for i in shown]
        table = markdown_table(header, rows) + left_out(len(percent) - len(shown))
        return ["## Accuracy (%) after each task", table]
    header = ["after", *(f"task {j}" for j in tasks), "all seen"]
    rows = [
        [f"task {i}", *("" if np.isnan(v) else f"{v:.2f}" for v in percent[i]), f"{curve[i]:.2f}"]
        for i in tasks
    ]
    return [
        "## Accuracy (%): row after task, column images of task",
        markdown_table(header, rows),
    ]


def _memory_table(summary: Summary) -> str:
    parts = largest(memory_parts(summary), MOST_PARTS)
    rows = parts | {"**total**": summary["memory_bytes"]["total"]}
    rows |= {"budget": summary["budget_bytes"]}
    rows |= {
        f"beside it, for speed: {name}": n for name, n in (summary.get("cache_bytes") or {}).items()
    }
    if summary.get("raw_train_bytes") is not None:
        rows |= {"all training images, raw": summary["raw_train_bytes"]}
    return markdown_table(["part", "bytes"], [[name, f"{size:,}"] for name, size in rows.items()])
