"""What a finished run prints."""

from pathlib import Path
from typing import Any

from braincl_jax.evaluators.metrics import accuracy_after

# More columns than these are wider than a terminal.
MOST_COLUMNS = 12


def format_summary(summary: dict[str, Any], workdir: Path) -> str:
    """Accuracy after each task, the memory bill, and where the results are, as plain text.

    Of many tasks, the accuracy on each of them is left to the report.
    """
    matrix, sizes = summary["accuracy_matrix"], summary["test_sizes"]
    tasks = range(summary["num_tasks"])
    shown = tasks if len(tasks) <= MOST_COLUMNS else range(0)
    lines = [
        "",
        "accuracy in % over all classes seen" + ", and on each task's classes" * bool(shown),
    ]
    lines += ["", "after task    all  " + "".join(f"{f'task {task}':>8}" for task in shown)]
    for row in tasks:
        cells = "".join(f"{100 * matrix[row][task]:8.1f}" for task in shown[: row + 1])
        lines.append(f"{row:>10} {100 * accuracy_after(matrix, sizes, row):6.1f}  {cells}")
    lines += ["", "memory in bytes", ""]
    lines += [f"{name:>14} {value:>10,}" for name, value in summary["memory_bytes"].items()]
    lines.append(f"{'budget':>14} {summary['budget_bytes']:>10,}")
    lines.append(
        f"\n{summary['num_cues']:,} of {summary['num_train_images']:,} training images are in memory"
        + (
            f", recalled at {summary['recall_psnr_db']:.1f} dB"
            if summary["recall_psnr_db"] is not None
            else ""
        )
    )
    lines.append(f"{sum(summary['wall_seconds'].values()):.0f} seconds; results are in {workdir}/")
    return "\n".join(lines)
