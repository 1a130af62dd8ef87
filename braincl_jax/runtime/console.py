"""What a finished run prints."""

from pathlib import Path
from typing import Any

from braincl_jax.evaluate.metrics import accuracy_after


def format_summary(summary: dict[str, Any], workdir: Path) -> str:
    """Accuracy after each task, the memory bill, and where the results are, as plain text."""
    matrix, sizes = summary["accuracy_matrix"], summary["test_sizes"]
    tasks = range(summary["num_tasks"])
    lines = ["", "accuracy in % over all classes seen, and on each task's classes", ""]
    lines.append("after task    all  " + "".join(f"{f'task {task}':>8}" for task in tasks))
    for row in tasks:
        cells = "".join("        " if v is None else f"{100 * v:8.1f}" for v in matrix[row])
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
