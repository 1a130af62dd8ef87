"""The folder of a run: who may write into it, and what in it may be deleted."""

import contextlib
import errno
import fcntl
import logging
import os
import shutil
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

from braincl_jax.runtime.checkpoint import numbered, unfinished
from braincl_jax.runtime.log import read_json, write_sealed
from braincl_jax.runtime.processes import any_process, leads
from braincl_jax.runtime.record import Record, read_mapping
from braincl_jax.runtime.workdir import (
    CHECKPOINTS,
    CONFIG,
    DRAFT,
    EVENTS,
    LAUNCHES,
    LOCK,
    MEMORY,
    METRICS,
    RECALLS,
    REPORT,
    SOURCES,
    SUMMARY,
    TABLE,
    TIMINGS,
)

FILES = (SUMMARY, LAUNCHES, METRICS, TABLE, TIMINGS, MEMORY, SOURCES, RECALLS)
# In a report: the names of all files that it may have, so that these can be deleted and no others.
CONTENTS = "contents.json"
# What file systems say that know no locks.
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)

_LOG = logging.getLogger(__name__)


@contextlib.contextmanager
def held(workdir: Path) -> Iterator[None]:
    """Makes the folder and keeps other runs from writing into it; with several processes, the first does it for all.

    The lock is the operating system's: it is gone when the process is, however it ended.

    Raises:
        ValueError: another process holds it.
    """
    lock, problem, there = None, "", workdir.exists()
    if leads():
        workdir.mkdir(parents=True, exist_ok=True)
        lock, problem = _take(workdir / LOCK)
    try:
        if any_process(bool(problem)):
            raise ValueError(problem or f"{workdir} is in use; see the first process")
        yield
    finally:
        if lock is not None:
            (workdir / LOCK).unlink(missing_ok=True)
            os.close(lock)
        if not there:
            with contextlib.suppress(OSError):  # what was refused leaves no empty folder
                workdir.rmdir()


def _take(path: Path) -> tuple[int | None, str]:
    """The descriptor of the locked file, or what stands against it."""
    while True:
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(lock, 200).decode(errors="replace")
            os.close(lock)
            if error.errno in NO_LOCKS:
                _LOG.warning(
                    "%s cannot be locked: see to it that no other run uses it", path.parent
                )
                return None, ""
            return None, (
                f"{path.parent} is in use by {holder or 'another process'}: wait for it, stop it, or pass another "
                "--workdir"
            )
        # Whoever held it before may have deleted the file in the meantime: then this one is nobody's.
        if path.exists() and path.stat().st_ino == os.fstat(lock).st_ino:
            with contextlib.suppress(
                OSError
            ):  # on a full disk it is locked without a word of who did it
                os.truncate(lock, 0)
                os.write(lock, f"process {os.getpid()} on {socket.gethostname()}".encode())
            return lock, ""
        os.close(lock)


def holds_run(workdir: Path) -> bool:
    """Whether the folder is marked as that of a run.

    Raises:
        ValueError: it holds something of the name of the mark that is none, or, without the mark, files of names that
            a run writes: they are somebody's, and a run would replace them.
    """
    if (workdir / CONFIG).exists():
        read_mapping(workdir / CONFIG)
        return True
    names = (*FILES, REPORT, DRAFT, EVENTS, CHECKPOINTS)
    foreign = [name for name in names if (workdir / name).exists()]
    if foreign:
        raise ValueError(
            f"{workdir} holds {', '.join(foreign)}, but no {CONFIG} that would make it the folder of a run: move them "
            "away, or pass another --workdir"
        )
    return False


def claim(
    workdir: Path, record: Record, *, anew: bool, forked_from: Mapping[str, str] | None = None
) -> None:
    """Makes the folder that of a run.

    Args:
        workdir: the folder.
        record: of the run.
        anew: the run begins: what an earlier one left there is deleted first.
        forked_from: of one that begins as a fork, the other folder ("workdir") and the checkpoint there.

    Raises:
        ValueError: as `holds_run`.
    """
    if holds_run(workdir):
        if anew:
            clear(workdir)
        else:
            forked_from = read_mapping(workdir / CONFIG).get("forked_from")
    write_sealed(workdir / CONFIG, record.to_mapping() | {"forked_from": forked_from})


def origin_of(workdir: Path) -> Path | None:
    """The folder that the run in this one was forked from; None if it began by itself, or there is none.

    Raises:
        ValueError: as `holds_run`.
    """
    if not holds_run(workdir):
        return None
    told = read_mapping(workdir / CONFIG).get("forked_from")
    return Path(told["workdir"]) if told else None


def clear(workdir: Path) -> None:
    """Deletes the run in a folder that holds one, and nothing else there."""
    for name in FILES:
        (workdir / name).unlink(missing_ok=True)
    shutil.rmtree(workdir / DRAFT, ignore_errors=True)
    checkpoints, report = workdir / CHECKPOINTS, workdir / REPORT
    for path in (*numbered(checkpoints), *unfinished(checkpoints)):
        shutil.rmtree(path, ignore_errors=True)
    for name in _contents(report):
        (report / name).unlink(missing_ok=True)
    for path in (workdir / EVENTS).glob("events*"):
        path.unlink()
    for directory in (checkpoints, report, workdir / EVENTS):
        with contextlib.suppress(OSError):  # not there, or something of somebody else's is in it
            directory.rmdir()
    # Last: as long as it is there, what is left belongs to the run.
    (workdir / CONFIG).unlink(missing_ok=True)


def _contents(report: Path) -> list[str]:
    try:
        names = read_json(report / CONTENTS)
    except ValueError:
        return []
    return [Path(name).name for name in names if isinstance(name, str)] + [CONTENTS]
