"""Looking at a run from outside: reads a work directory, finished or not, and changes nothing in it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from braincl_jax.config import changed
from braincl_jax.report.status import Changed, Status
from braincl_jax.runtime.checkpoint import CURSOR, DamagedError, numbered
from braincl_jax.runtime.load import load_run
from braincl_jax.runtime.log import read_json
from braincl_jax.runtime.logged import PLACE, read_log
from braincl_jax.runtime.record import read_mapping
from braincl_jax.runtime.resume import finished_summary
from braincl_jax.runtime.workdir import CHECKPOINTS, CONFIG, METRICS

ORIGIN = ("command", "commit", "hardware")


def read_status(workdir: Path) -> Status:
    """What the folder of a run says of it.

    Its data set is not needed. Its plugins are, if it is not finished, for the bill of its memory.

    Raises:
        ValueError: there is no run, or a file of it cannot be read; the message names it.
    """
    if not (workdir / CONFIG).is_file():
        raise ValueError(_no_run(workdir))
    record = read_mapping(workdir / CONFIG)
    summary = finished_summary(workdir)
    lines = list(read_log(workdir / METRICS)) if (workdir / METRICS).exists() else []
    plan = record["plan"]
    return Status(
        workdir=workdir,
        changed={name: Changed(**both) for name, both in changed(record["settings"]).items()},
        num_tasks=plan["spec"]["num_tasks"],
        place="finished" if summary else place_of(workdir, plan["spec"]["num_tasks"]),
        accuracy=() if summary else accuracies(lines),
        metrics="" if summary else last_metrics(lines),
        bill={} if summary else bill_of(workdir),
        budget_bytes=plan["budget_bytes"],
        summary=summary,
        origin={name: summary[name] for name in ORIGIN if summary and summary.get(name)},
        files=files_of(workdir),
    )


def place_of(workdir: Path, num_tasks: int) -> str:
    """Where an unfinished run goes on, in words."""
    checkpoints = numbered(workdir / CHECKPOINTS)
    if not checkpoints:
        return "not finished, and not yet at its first checkpoint"
    cursor = newest_cursor(checkpoints)
    if cursor is None:
        return f"not finished; none of its {len(checkpoints)} checkpoints can be read"
    if cursor["task"] >= num_tasks:
        return f"all {num_tasks} tasks are learned, the summary is missing"
    return (
        f"not finished; saved in task {cursor['task']} of {num_tasks}, phase {cursor['stage']!r} with {cursor['done']} "
        f"steps done in it, after {cursor['steps']:,} steps in all"
    )


def newest_cursor(checkpoints: Sequence[Path]) -> dict[str, Any] | None:
    """The content of the newest `cursor.json` that can be read; a run that goes on may be replacing one."""
    for checkpoint in reversed(checkpoints):
        try:
            cursor = read_json(checkpoint / CURSOR)
        except ValueError:
            continue
        if isinstance(cursor, dict) and cursor.keys() >= {"task", "stage", "done", "steps"}:
            return cursor
    return None


def accuracies(lines: list[dict[str, Any]]) -> tuple[float, ...]:
    """The figures "all_seen" of a log, task after task."""
    found = {
        line["task"]: line["figures"]["all_seen"]
        for line in lines
        if "all_seen" in line.get("figures", ())
    }
    return tuple(found[task] for task in sorted(found))


def last_metrics(lines: list[dict[str, Any]]) -> str:
    """The last metrics of a phase that were logged, in words."""
    steps = [line for line in lines if "step" in line]
    if not steps:
        return ""
    last = steps[-1]
    values = [f"{name}={value:.3g}" for name, value in last.items() if name not in PLACE]
    place = f"last logged: task {last['task']}, {last['phase']}, step {last['step']}"
    return ", ".join([place, *values])


def bill_of(workdir: Path) -> dict[str, int]:
    """Bytes of long-term memory by row at the newest intact checkpoint; none where there is no such."""
    if not numbered(workdir / CHECKPOINTS):
        return {}
    try:
        run = load_run(workdir)
    except (DamagedError, OSError):
        return {}
    return run.method.bill(run.state)


def files_of(workdir: Path) -> dict[str, int]:
    """Bytes of everything in a folder that is not hidden, by name; of folders inside, all their files."""
    sizes = {}
    for path in sorted(workdir.iterdir()):
        if path.name.startswith("."):
            continue
        inside = path.rglob("*") if path.is_dir() else [path]
        name = f"{path.name}/" if path.is_dir() else path.name
        sizes[name] = sum(file.stat().st_size for file in inside if file.is_file())
    return sizes


def _no_run(folder: Path) -> str:
    if not folder.is_dir():
        return f"{folder} is no folder: name that of a run, such as runs/quickstart-braincl-seed0"
    runs = sorted(path.parent.name for path in folder.glob(f"*/{CONFIG}"))
    hint = f"; it holds {len(runs)} runs: {', '.join(runs)}" if runs else ""
    return f"{folder} holds no run: {CONFIG} is missing{hint}"
