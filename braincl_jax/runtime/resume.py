"""What a work directory holds, and where a run in it begins."""

import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from braincl_jax.config import Config, to_mapping
from braincl_jax.pipeline import Phase
from braincl_jax.runtime.checkpoint import load_newest, path_of, write_checkpoint
from braincl_jax.runtime.cursor import EVALUATE, Cursor, from_json, to_json
from braincl_jax.runtime.log import write_json
from braincl_jax.runtime.processes import leads
from braincl_jax.types import PyTree

CONFIG, METRICS, SUMMARY = "config.json", "metrics.jsonl", "summary.json"
CHECKPOINTS, REPORT, ORIGIN = "checkpoints", "report", "forked_from.json"
MEMORY, SOURCES, TIMINGS = "memory.npz", "sources.npy", "timings.jsonl"


class Beginning(NamedTuple):
    """Where a run goes on.

    Attributes:
        state: one device's state on the host.
        cursor: the place.
        path: the checkpoint, of this work directory.
    """

    state: PyTree
    cursor: Cursor
    path: Path


def clear(workdir: Path) -> None:
    """Deletes the run in `workdir`, and nothing else there."""
    for name in (SUMMARY, ORIGIN, METRICS, TIMINGS, MEMORY, SOURCES):
        (workdir / name).unlink(missing_ok=True)
    for name in (REPORT, CHECKPOINTS):
        shutil.rmtree(workdir / name, ignore_errors=True)
    # Last: as long as it is there, what is left belongs to it.
    (workdir / CONFIG).unlink(missing_ok=True)


def finished_summary(workdir: Path) -> dict[str, Any] | None:
    """The summary of the finished run in `workdir`, if it is one."""
    if not all((workdir / name).exists() for name in (CONFIG, SUMMARY)):
        return None
    return json.loads((workdir / SUMMARY).read_text())


def check_same_run(workdir: Path, config: Config, fork_from: Path | None) -> None:
    """Sees that a run in `workdir`, if there is one, is the one that is asked for.

    Raises:
        ValueError: it has other settings (the number of devices aside) or another origin.
    """
    if not (workdir / CONFIG).exists():
        return
    _check_settings(json.loads((workdir / CONFIG).read_text()), config, workdir)
    origin = workdir / ORIGIN
    recorded = json.loads(origin.read_text())["workdir"] if origin.exists() else None
    if fork_from is not None and recorded != str(fork_from):
        raise ValueError(
            f"{workdir} holds a run that "
            + (f"was forked from {recorded}" if recorded else "began by itself")
            + f", not one forked from {fork_from}: pass --restart to delete it, or another --workdir"
        )


def resume(workdir: Path, config: Config, abstract: PyTree) -> Beginning | None:
    """Where the run in `workdir` was interrupted; None if it has not got to its first checkpoint.

    Args:
        workdir: a work directory.
        config: settings of the run.
        abstract: shapes and dtypes of one device's state.

    Raises:
        DamagedError: there are checkpoints, but none is intact.
        ValueError: they hold another run's state.
    """
    checkpoint = load_newest(workdir / CHECKPOINTS, abstract)
    if checkpoint is None:
        return None
    _check_settings(checkpoint.config, config, checkpoint.path)
    cursor = from_json(checkpoint.cursor)
    say(f"{workdir}: goes on from {cursor}")
    return Beginning(checkpoint.state, cursor, checkpoint.path)


def fork(
    origin: Path, workdir: Path, config: Config, abstract: PyTree, story: Sequence[Phase]
) -> Beginning:
    """Begins a run in `workdir` with the newest intact checkpoint of the run in `origin`.

    Args:
        origin: the work directory of a run, which is left as it is.
        workdir: the new work directory.
        config: settings from here on.
        abstract: shapes and dtypes of one device's state under these settings.
        story: the phases under these settings.

    Raises:
        DamagedError: no checkpoint is intact.
        ValueError: there is none, it cannot go on with these settings, or it is at its end; `workdir` is
            as it was.
    """
    if origin.resolve() == workdir.resolve():
        raise ValueError(f"--fork_from={origin} is the work directory itself")
    checkpoint = load_newest(origin / CHECKPOINTS, abstract)
    if checkpoint is None:
        raise ValueError(f"--fork_from={origin} has no checkpoints")
    cursor = from_json(checkpoint.cursor)
    _fit(cursor, checkpoint.config, config, story)

    metrics = (origin / METRICS).read_bytes()[: cursor.log_bytes]
    if len(metrics) < cursor.log_bytes:
        raise ValueError(f"{origin / METRICS} has lost lines that {checkpoint.path} knows of")
    beginning = Beginning(checkpoint.state, cursor, path_of(workdir / CHECKPOINTS, cursor.steps))
    if not leads():
        return beginning
    clear(workdir)
    workdir.mkdir(parents=True, exist_ok=True)
    write_json(workdir / ORIGIN, {"workdir": str(origin), "checkpoint": checkpoint.path.name})
    (workdir / METRICS).write_bytes(metrics)
    write_checkpoint(
        workdir / CHECKPOINTS, cursor.steps, checkpoint.state, to_json(cursor), to_mapping(config)
    )
    say(f"{workdir}: forked from {checkpoint.path} at {cursor}")
    return beginning


def say(text: str) -> None:
    """Tells the user, once for all processes, beside progress bars and away from results."""
    if leads():
        print(text, file=sys.stderr, flush=True)


def _fit(cursor: Cursor, old: Mapping[str, Any], config: Config, story: Sequence[Phase]) -> None:
    """Sees that the story can go on from the cursor; a phase that is now shorter has ended."""
    if cursor.task >= config.num_tasks:
        raise ValueError("--fork_from: that run is finished, there is nothing to go on with")
    names = [phase.name for phase in story] + [EVALUATE]
    if cursor.phase not in names:
        raise ValueError(
            f"--fork_from: that run is in {cursor.phase!r}, which method={config.method!r} lacks"
        )
    ordered = cursor.phase == "memorise" and cursor.done > 0
    if ordered and old["eval_batch_size"] != config.eval_batch_size:
        raise ValueError(
            f"--fork_from: that run memorises in batches of {old['eval_batch_size']}; "
            f"eval_batch_size={config.eval_batch_size} would repeat or miss images"
        )
    for phase, following in zip(story, names[1:], strict=True):
        if phase.name == cursor.phase and 0 < phase.num_steps(cursor.task) <= cursor.done:
            cursor.unwritten.clear()
            cursor.enter(following)
            return


def _check_settings(stored: Mapping[str, Any], config: Config, place: Path) -> None:
    there, here = _flat(stored), _flat(to_mapping(config))
    different = [
        f"  {key}: {there.get(key, 'absent')!r} there, {here.get(key, 'absent')!r} here"
        for key in sorted(there.keys() | here.keys())
        if there.get(key, "absent") != here.get(key, "absent") and key != "num_devices"
    ]
    if different:
        raise ValueError(
            f"{place} holds a run with other settings:\n"
            + "\n".join(different)
            + "\n--restart deletes it and starts anew; another --workdir leaves it, and with "
            "--fork_from goes on from it with these settings"
        )


def _flat(mapping: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """{"a": {"b": 1}} -> {"a.b": 1}."""
    flat = {}
    for key, value in mapping.items():
        nested = isinstance(value, Mapping)
        flat |= _flat(value, f"{prefix}{key}.") if nested else {prefix + key: value}
    return flat
