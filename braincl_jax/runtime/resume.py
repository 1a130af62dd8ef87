"""Where a run in a work directory begins."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from braincl_jax.evaluators.base import Evaluator
from braincl_jax.pipeline import Phase
from braincl_jax.runtime.checkpoint import load_newest, path_of, write_checkpoint
from braincl_jax.runtime.cursor import Cursor, from_json, to_json
from braincl_jax.runtime.folder import claim, holds_run, origin_of
from braincl_jax.runtime.launches import read_launches
from braincl_jax.runtime.log import read_json
from braincl_jax.runtime.processes import leads
from braincl_jax.runtime.provenance import code_digest, current_commit
from braincl_jax.runtime.record import Record, differences, read_mapping
from braincl_jax.runtime.stages import build_evaluators, stages_of
from braincl_jax.runtime.workdir import CHECKPOINTS, CONFIG, LAUNCHES, METRICS, SUMMARY
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


def finished_summary(workdir: Path) -> dict[str, Any] | None:
    """The summary of the finished run in `workdir`, if it is one.

    Raises:
        ValueError: it is there, but damaged.
    """
    if not all((workdir / name).exists() for name in (CONFIG, SUMMARY)):
        return None
    summary = read_json(workdir / SUMMARY)
    if not isinstance(summary, dict):
        raise ValueError(
            f"{workdir / SUMMARY} is no summary: delete it, and the same command makes it again"
        )
    return summary


def check_same_run(workdir: Path, record: Record, fork_from: Path | None) -> None:
    """Sees that a run in `workdir`, if there is one, is the one that is asked for; says if it is of other code.

    Raises:
        ValueError: it has other settings, data or plugins, or another origin; or what is there is no run.
    """
    if not holds_run(workdir):
        return
    stored = read_mapping(workdir / CONFIG)
    stored.pop("forked_from", None)
    _check_record(stored, record, workdir)
    recorded = origin_of(workdir)
    if fork_from is not None and recorded != fork_from:
        raise ValueError(
            f"{workdir} holds a run that "
            + (f"was forked from {recorded}" if recorded else "began by itself")
            + f", not one forked from {fork_from}: pass --restart to delete it, or another --workdir"
        )
    _tell_other_code(workdir)


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
    _check_kept(checkpoint.config, record, origin)
    _fit(cursor, checkpoint.config, record, phases)

    metrics = (origin / METRICS).read_bytes()[: cursor.log_bytes]
    if len(metrics) < cursor.log_bytes:
        raise ValueError(f"{origin / METRICS} has lost lines that {checkpoint.path} knows of")
    beginning = Beginning(checkpoint.state, cursor, path_of(workdir / CHECKPOINTS, cursor.steps))
    if not leads():
        return beginning
    told = {"workdir": str(origin), "checkpoint": checkpoint.path.name}
    claim(workdir, record, anew=True, forked_from=told)
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


def _tell_other_code(workdir: Path) -> None:
    """Says if another version of this package wrote what is there: that is allowed, and never silent."""
    launches = read_launches(workdir / LAUNCHES)
    if launches and launches[-1].code != code_digest():
        say(
            f"{workdir}: so far by other code of this package (commit {launches[-1].commit}; this is "
            f"{current_commit()}); {LAUNCHES} tells which part is whose"
        )


def _check_kept(stored: Mapping[str, Any], record: Record, origin: Path) -> None:
    """Sees that stored cues stand for the same classes, and that the same images are to come in the same order."""
    there, here = stored, record.to_mapping()
    kept = {
        "seed": (there["settings"]["seed"], here["settings"]["seed"]),
        "spec": (there["plan"]["spec"], here["plan"]["spec"]),
        "class_order": (there["plan"]["class_order"], here["plan"]["class_order"]),
        "data": (there["data"], here["data"]),
    }
    for name, (old, new) in kept.items():
        if old != new:
            raise ValueError(
                f"--fork_from={origin} has other tasks ({name} {old} there, {new} here): a fork must keep seed, "
                "dataset, num_tasks, classes_per_task, class_order_seed, image_side and validation_fraction"
            )


def _fit(cursor: Cursor, old: Mapping[str, Any], record: Record, phases: Sequence[Phase]) -> None:
    """Sees that the phases can go on from the cursor; a phase that is now shorter has ended."""
    config = record.config
    evaluators = build_evaluators(config.evaluators)
    if cursor.task >= config.num_tasks:
        _look_again(cursor, evaluators, config.num_tasks)
        return
    last_task = cursor.task == config.num_tasks - 1
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


def _look_again(cursor: Cursor, evaluators: Mapping[str, Evaluator], num_tasks: int) -> None:
    """Takes a run that is finished back to its end, where evaluators that were not there then can still look."""
    check_figures(cursor, evaluators, [])
    if any(evaluator.when == "at_end" for evaluator in evaluators.values()):
        cursor.task = num_tasks - 1
        cursor.enter("at_end")


def check_figures(
    cursor: Cursor, evaluators: Mapping[str, Evaluator], names: Sequence[str]
) -> None:
    """Sees that every evaluator has figures of all moments that have passed.

    Args:
        cursor: the place of a run; it is at one of the stages.
        evaluators: by the text that names them.
        names: of the stages of its task; none after the last one.

    Raises:
        ValueError: an evaluator was not there when it should have looked.
    """
    for name, evaluator in evaluators.items():
        if evaluator.when == "at_end":
            continue
        passed = bool(names) and names.index(evaluator.when) < names.index(cursor.stage)
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
            f"{place} holds another run:\n"
            + "\n".join(different)
            + "\n--restart deletes it and starts anew; another --workdir leaves it, and with "
            "--fork_from goes on from it with these settings"
        )
