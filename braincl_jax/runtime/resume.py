"""Where a run in a work directory begins."""

import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from braincl_jax.evaluators.base import Evaluator
from braincl_jax.pipeline import Phase
from braincl_jax.runtime.checkpoint import load_newest, path_of, write_checkpoint
from braincl_jax.runtime.cursor import Cursor, from_json, to_json
from braincl_jax.runtime.log import write_json
from braincl_jax.runtime.processes import leads
from braincl_jax.runtime.record import Record, differences
from braincl_jax.runtime.stages import build_evaluators, stages_of
from braincl_jax.runtime.workdir import (
    CHECKPOINTS,
    CONFIG,
    MEMORY,
    METRICS,
    ORIGIN,
    RECALLS,
    REPORT,
    SOURCES,
    SUMMARY,
    TIMINGS,
)
from braincl_jax.types import PyTree


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
    for name in (SUMMARY, ORIGIN, METRICS, TIMINGS, MEMORY, SOURCES, RECALLS):
        (workdir / name).unlink(missing_ok=True)
    for name in (REPORT, CHECKPOINTS):
        shutil.rmtree(workdir / name, ignore_errors=True)
    # Last: as long as it is there, what is left belongs to it.
    (workdir / CONFIG).unlink(missing_ok=True)


def claim(workdir: Path, record: Record, *, anew: bool) -> None:
    """Makes `workdir` the run's own; if it begins `anew`, what an earlier run left there is deleted first."""
    if anew:
        clear(workdir)
    write_json(workdir / CONFIG, record.to_mapping())


def finished_summary(workdir: Path) -> dict[str, Any] | None:
    """The summary of the finished run in `workdir`, if it is one."""
    if not all((workdir / name).exists() for name in (CONFIG, SUMMARY)):
        return None
    return json.loads((workdir / SUMMARY).read_text())


def check_same_run(workdir: Path, record: Record, fork_from: Path | None) -> None:
    """Sees that a run in `workdir`, if there is one, is the one that is asked for.

    Raises:
        ValueError: it has other settings (the number of devices aside) or another origin.
    """
    if not (workdir / CONFIG).exists():
        return
    _check_record(json.loads((workdir / CONFIG).read_text()), record, workdir)
    origin = workdir / ORIGIN
    recorded = json.loads(origin.read_text())["workdir"] if origin.exists() else None
    if fork_from is not None and recorded != str(fork_from):
        raise ValueError(
            f"{workdir} holds a run that "
            + (f"was forked from {recorded}" if recorded else "began by itself")
            + f", not one forked from {fork_from}: pass --restart to delete it, or another --workdir"
        )


def resume(workdir: Path, record: Record, abstract: PyTree) -> Beginning | None:
    """Where the run in `workdir` was interrupted; None if it has not got to its first checkpoint.

    Args:
        workdir: a work directory.
        record: of the run.
        abstract: shapes and dtypes of one device's state.

    Raises:
        DamagedError: there are checkpoints, but none is intact.
        ValueError: they hold another run's state.
    """
    checkpoint = load_newest(workdir / CHECKPOINTS, abstract)
    if checkpoint is None:
        return None
    _check_record(checkpoint.config, record, checkpoint.path)
    cursor = from_json(checkpoint.cursor)
    say(f"{workdir}: goes on from {cursor}")
    return Beginning(checkpoint.state, cursor, checkpoint.path)


def fork(
    origin: Path, workdir: Path, record: Record, abstract: PyTree, phases: Sequence[Phase]
) -> Beginning:
    """Begins a run in `workdir` with the newest intact checkpoint of the run in `origin`.

    Args:
        origin: the work directory of a run, which is left as it is.
        workdir: the new work directory.
        record: of the run from here on.
        abstract: shapes and dtypes of one device's state under these settings.
        phases: under these settings.

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
    _check_tasks(checkpoint.config, record, origin)
    _fit(cursor, checkpoint.config, record, phases)

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
        workdir / CHECKPOINTS, cursor.steps, checkpoint.state, to_json(cursor), record.to_mapping()
    )
    say(f"{workdir}: forked from {checkpoint.path} at {cursor}")
    return beginning


def say(text: str) -> None:
    """Tells the user, once for all processes, beside progress bars and away from results."""
    if leads():
        print(text, file=sys.stderr, flush=True)


def _check_tasks(stored: Mapping[str, Any], record: Record, origin: Path) -> None:
    """Sees that stored cues stand for the same classes, and that the same tasks are to come."""
    there, here = stored["plan"], record.to_mapping()["plan"]
    for name in ("spec", "class_order"):
        if there[name] != here[name]:
            raise ValueError(
                f"--fork_from={origin} has other tasks ({name} {there[name]} there, {here[name]} here): a fork must "
                "keep dataset, num_tasks, classes_per_task, class_order_seed and validation_fraction"
            )


def _fit(cursor: Cursor, old: Mapping[str, Any], record: Record, phases: Sequence[Phase]) -> None:
    """Sees that the phases can go on from the cursor; a phase that is now shorter has ended."""
    config = record.config
    if cursor.task >= config.num_tasks:
        raise ValueError("--fork_from: that run is finished, there is nothing to go on with")
    last_task = cursor.task == config.num_tasks - 1
    evaluators = build_evaluators(config.evaluators)
    names = [stage.name for stage in stages_of(phases, evaluators, last_task=last_task)]
    if cursor.stage not in names:
        raise ValueError(
            f"--fork_from: that run is in {cursor.stage!r}, which these settings (method={config.method!r}) lack"
        )
    check_figures(cursor, evaluators, names)
    before = old["settings"]["eval_batch_size"]
    if cursor.stage == "memorise" and cursor.done > 0 and before != config.eval_batch_size:
        raise ValueError(
            f"--fork_from: that run memorises in batches of {before}; "
            f"eval_batch_size={config.eval_batch_size} would repeat or miss images"
        )
    for phase in phases:
        if phase.name == cursor.stage and 0 < phase.num_steps(cursor.task) <= cursor.done:
            cursor.unwritten.clear()
            following = names[names.index(phase.name) + 1 :]
            if not following:
                cursor.task += 1
            cursor.enter((following or names)[0])
            return


def check_figures(
    cursor: Cursor, evaluators: Mapping[str, Evaluator], names: Sequence[str]
) -> None:
    """Sees that every evaluator has figures of all moments that have passed.

    Args:
        cursor: the place of a run; it is at one of the stages.
        evaluators: by the text that names them.
        names: of the stages of its task.

    Raises:
        ValueError: an evaluator was not there when it should have looked.
    """
    for name, evaluator in evaluators.items():
        if evaluator.when == "at_end":
            continue
        passed = names.index(evaluator.when) < names.index(cursor.stage)
        known = cursor.outcome.figures.get(name, {})
        missing = sorted(set(range(cursor.task + passed)) - set(known))
        if missing:
            raise ValueError(
                f"--fork_from: that run did not ask {name!r} after task {missing[0]}, and it is too late now; a fork "
                "may leave evaluators out, and add some that look at the end"
            )


def _check_record(stored: Mapping[str, Any], record: Record, place: Path) -> None:
    different = differences(stored, record.to_mapping())
    if different:
        raise ValueError(
            f"{place} holds a run with other settings:\n"
            + "\n".join(different)
            + "\n--restart deletes it and starts anew; another --workdir leaves it, and with "
            "--fork_from goes on from it with these settings"
        )
