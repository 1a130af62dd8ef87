"""Where a run in a work directory begins."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from braincl_jax.runtime.checkpoint import load_newest
from braincl_jax.runtime.cursor import Cursor, from_json
from braincl_jax.runtime.folder import holds_run, origin_of
from braincl_jax.runtime.launches import read_launches
from braincl_jax.runtime.log import read_sealed
from braincl_jax.runtime.processes import say
from braincl_jax.runtime.provenance import code_digest, current_commit
from braincl_jax.runtime.record import Record, differences, read_mapping
from braincl_jax.runtime.workdir import CHECKPOINTS, CONFIG, LAUNCHES, SUMMARY
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
        ValueError: it is there, but not what was written.
    """
    if not all((workdir / name).exists() for name in (CONFIG, SUMMARY)):
        return None
    return read_sealed(workdir / SUMMARY)


def find_finished(workdir: Path, record: Record, fork_from: Path | None) -> dict[str, Any] | None:
    """The summary of the run that is asked for, if it is in `workdir` and finished; says so then.

    Raises:
        ValueError: as `check_same_run` and `finished_summary`.
    """
    check_same_run(workdir, record, fork_from)
    summary = finished_summary(workdir)
    if summary is not None:
        say(f"{workdir} holds this run, finished; --restart does it again")
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
    if fork_from is not None and (recorded is None or recorded.resolve() != fork_from.resolve()):
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


def _tell_other_code(workdir: Path) -> None:
    """Says if another version of this package wrote what is there: that is allowed, and never silent."""
    launches = read_launches(workdir / LAUNCHES)
    if launches and launches[-1].code != code_digest():
        say(
            f"{workdir}: so far by other code of this package (commit {launches[-1].commit}; this is "
            f"{current_commit()}); {LAUNCHES} tells which part is whose"
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
