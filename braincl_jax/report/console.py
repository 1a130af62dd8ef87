"""What a finished run prints."""

from pathlib import Path

from braincl_jax.report.summaries import (
    Summary,
    accuracy_curve,
    accuracy_matrix,
    has_accuracy,
    rows_of,
)
from braincl_jax.report.tables import number

# More columns than these are wider than a terminal, and more rows are not read.
MOST_COLUMNS, MOST_ROWS = 12, 50


def format_summary(summary: Summary, workdir: Path) -> str:
    """Accuracy after each task, measures, the memory bill, and where the results are, as plain text.

    Of many tasks, the accuracy on each of them is left to the report; of very many, some are shown, and the last.
    """
    lines = [""]
    if has_accuracy(summary):
        lines += [*_accuracy(summary), ""]
    for row in rows_of([summary]):
        value = row.value(summary)
        if value is not None:
            lines.append(f"{row.label}: {value:.2f} {row.unit}".rstrip())
    lines += ["", "memory in bytes", ""]
    bill = {**(summary.get("memory_bytes") or {}), "budget": summary["budget_bytes"]}
    lines += [f"{name:>14} {value:>10,}" for name, value in bill.items()]
    stored, shown = summary.get("num_cues"), summary.get("num_train_images")
    lines += ["", f"{number(stored, ',')} of {number(shown, ',')} training images are in memory"]
    left_out = (summary.get("left_out") or {}).items()
    if found := [f"{count:,} to {split} on" for split, count in left_out if count]:
        lines.append(f"left out, since they cannot be read: {' and '.join(found)}")
    seconds = sum((summary.get("wall_seconds") or {}).values())
    lines.append(f"{seconds:.0f} seconds; results are in {workdir}/")
    return "\n".join(lines)


def _accuracy(summary: Summary) -> list[str]:
    percent, curve = 100 * accuracy_matrix(summary), 100 * accuracy_curve(summary)
    number_of_tasks = len(percent)
    columns = range(number_of_tasks if number_of_tasks <= MOST_COLUMNS else 0)
    lines = [
        "accuracy in % over all classes seen" + ", and on each task's classes" * bool(columns),
        "",
        "after task    all  " + "".join(f"{f'task {task}':>8}" for task in columns),
    ]
    every = -(-number_of_tasks // MOST_ROWS)
    for row in reversed(range(number_of_tasks - 1, -1, -every)):
        cells = "".join(f"{percent[row, task]:8.1f}" for task in columns[: row + 1])
        lines.append(f"{row:>10} {curve[row]:6.1f}  {cells}")
    return lines
