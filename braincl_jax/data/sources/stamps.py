"""What tells that a file was changed since a run began: its size and when it was modified."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from braincl_jax.data.sources.decoding import in_threads

# Files that one thread asks for, one after another.
CHUNK = 4096
# In place of both where a file is not there.
ABSENT = (-1, -1)


class ChangedError(ValueError):
    """A file is not what it was when the data set was looked at first."""


def stamp(status: os.stat_result) -> tuple[int, int]:
    """Bytes of a file, and nanoseconds since 1970 when it was modified."""
    return status.st_size, status.st_mtime_ns


def stamps_of(files: Sequence[Path]) -> np.ndarray:
    """int64 [N, 2], the stamp of each file; none is opened."""

    def some(first: int) -> np.ndarray:
        rows = range(first, min(first + CHUNK, len(files)))
        return np.array([_stamp_of(files[row]) for row in rows], np.int64)

    found = in_threads(some, range(0, len(files), CHUNK))
    return np.concatenate([np.empty((0, 2), np.int64), *found])


def require_unchanged(file: Path, opened: int, known: Sequence[int]) -> None:
    """Raises ChangedError, which names the file, unless an open one has the stamp that is known of it.

    Args:
        file: for the error.
        opened: its file descriptor.
        known: (bytes, nanoseconds), as of `stamps_of`.
    """
    size, modified = stamp(os.fstat(opened))
    if (size, modified) != tuple(known):
        raise ChangedError(
            f"{file}: has changed since the run began: {known[0]} bytes then, {size} now"
            f"{', written anew' if modified != known[1] else ''}; bring it back, or begin anew (--restart)."
        )


def _stamp_of(file: Path) -> tuple[int, int]:
    try:
        return stamp(file.stat())
    except OSError:
        return ABSENT
