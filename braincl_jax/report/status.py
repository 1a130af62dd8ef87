"""A run as it stands, finished or not: the facts, and how they are printed."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from braincl_jax.report.console import format_summary
from braincl_jax.report.summaries import Summary

# With more tasks than these, the accuracies after the first ones are left out.
MOST_TASKS = 20


class Changed(NamedTuple):
    """A setting that is not the default.

    Attributes:
        value: of the run.
        default: as it is in this version; None where this version has no such setting.
    """

    value: Any
    default: Any


@dataclasses.dataclass(frozen=True)
class Status:
    """What a work directory says of its run.

    Attributes:
        workdir: the folder.
        changed: settings that are not the defaults, by name.
        num_tasks: of the sequence.
        place: where the run is, in words.
        accuracy: over all classes seen, after each task so far; of an unfinished run.
        metrics: the last that were logged, and where, in words; of an unfinished run.
        bill: bytes of long-term memory by row, at the newest checkpoint; of an unfinished run.
        budget_bytes: what it may weigh.
        summary: of a finished run.
        origin: command, commit and hardware, as far as they are known.
        files: what the folder holds, with bytes; those of a folder's files together.
    """

    workdir: Path
    changed: Mapping[str, Changed]
    num_tasks: int
    place: str
    accuracy: tuple[float, ...]
    metrics: str
    bill: Mapping[str, int]
    budget_bytes: int
    summary: Summary | None
    origin: Mapping[str, str]
    files: Mapping[str, int]


def format_status(status: Status) -> str:
    """A run as plain text."""
    lines = [f"{status.workdir}: {status.place}", "", *_settings(status)]
    lines += [f"{name}: {text}" for name, text in status.origin.items()]
    if status.summary is not None:
        lines += format_summary(status.summary, status.workdir).splitlines()
    else:
        lines += ["", *_so_far(status)]
    lines += ["", "files"]
    lines += [f"{size:>15,}  {status.workdir}/{name}" for name, size in status.files.items()]
    return "\n".join(lines)


def _settings(status: Status) -> list[str]:
    if not status.changed:
        return ["all settings are the defaults"]
    lines = ["settings that are not the defaults"]
    for name, (value, default) in status.changed.items():
        usual = "no such setting in this version" if default is None else f"default {default!r}"
        lines.append(f"  {name} = {value!r} ({usual})")
    return lines


def _so_far(status: Status) -> list[str]:
    lines = []
    first = max(len(status.accuracy) - MOST_TASKS, 0)
    if status.accuracy:
        lines.append("after task   accuracy in % over all classes seen")
        for task, accuracy in list(enumerate(status.accuracy))[first:]:
            lines.append(f"{task:>10} {100 * accuracy:>10.1f}")
        lines.append("")
    if status.metrics:
        lines += [status.metrics, ""]
    if status.bill:
        lines.append("memory in bytes, at the newest checkpoint")
        rows = {**status.bill, "total": sum(status.bill.values()), "budget": status.budget_bytes}
        lines += [f"{name:>14} {size:>10,}" for name, size in rows.items()]
    return lines or ["nothing has been learned yet"]
