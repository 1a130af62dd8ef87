"""Forks: a run begins with the newest checkpoint of another one, with settings of its own."""

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from braincl_jax.evaluators.base import Evaluator
from braincl_jax.pipeline import Phase
from braincl_jax.runtime.checkpoint import load_newest, path_of, write_checkpoint
from braincl_jax.runtime.cursor import Cursor, from_json, to_json
from braincl_jax.runtime.folder import claim
from braincl_jax.runtime.kept import require_kept
from braincl_jax.runtime.processes import leads, require_same_everywhere, say
from braincl_jax.runtime.record import Record
from braincl_jax.runtime.resume import Beginning
from braincl_jax.runtime.stages import build_evaluators, stages_of
from braincl_jax.runtime.workdir import CHECKPOINTS, METRICS
from braincl_jax.types import PyTree


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
    require_kept(checkpoint.config, record, origin)
    _fit(cursor, checkpoint.config, record, phases)

    metrics = (origin / METRICS).read_bytes()[: cursor.log_bytes]
    if len(metrics) < cursor.log_bytes:
        raise ValueError(f"{origin / METRICS} has lost lines that {checkpoint.path} knows of")
    # The origin may be learning on: all have to have read the same, and nobody writes before that.
    require_same_everywhere(f"fork from {checkpoint.path} at {cursor}")
    beginning = Beginning(checkpoint.state, cursor, path_of(workdir / CHECKPOINTS, cursor.steps))
    if not leads():
        return beginning
    told = {"workdir": str(origin.resolve()), "checkpoint": checkpoint.path.name}
    claim(workdir, record, anew=True, forked_from=told)
    (workdir / METRICS).write_bytes(metrics)
    write_checkpoint(
        workdir / CHECKPOINTS, cursor.steps, checkpoint.state, to_json(cursor), record.to_mapping()
    )
    say(f"{workdir}: forked from {checkpoint.path} at {cursor}")
    return beginning


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
    for phase in phases:
        if phase.name != cursor.stage or cursor.done == 0:
            continue
        require_same_cut(phase, old["settings"], record.to_mapping()["settings"])
        if phase.num_steps(cursor.task) <= cursor.done:
            cursor.unwritten.clear()
            following = names[names.index(phase.name) + 1 :]
            if not following:
                cursor.task += 1
            cursor.enter((following or names)[0])
            return


def require_same_cut(phase: Phase, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Sees that images are shared out among the steps of a phase as before.

    Args:
        phase: that is under way.
        old: settings of the run that began it.
        new: settings under which it is to go on.

    Raises:
        ValueError: a setting of `phase.cut_by` is another one.
    """
    for name in phase.cut_by:
        before, now = (
            functools.reduce(lambda at, key: at[key], name.split("."), one) for one in (old, new)
        )
        if before != now:
            raise ValueError(
                f"--fork_from: that run is amid {phase.name!r} with {name}={before}; {name}={now} would repeat or miss "
                "images"
            )


def _look_again(cursor: Cursor, evaluators: Mapping[str, Evaluator], num_tasks: int) -> None:
    """Takes a run that is finished back to its end, where evaluators that were not there then can still look."""
    check_figures(cursor, evaluators, [])
    if any(evaluator.when == "at_end" for evaluator in evaluators.values()):
        cursor.task = num_tasks - 1
        cursor.enter("at_end")
