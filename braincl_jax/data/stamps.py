"""What tells that a file was changed since a run began: its size and when it was modified."""

import os
from collections.abc import Sequence
from pathlib import Path

# In place of size and time where a file is not there.
ABSENT = (-1, -1)


class ChangedError(ValueError):
    """A file is not what it was when the data set was looked at first."""


def stamp_of(file: Path) -> tuple[int, int]:
    """Bytes of a file, and nanoseconds since 1970 when it was modified; `ABSENT` where there is none."""
    try:
        return _stamp(file.stat())
    except OSError:
        return ABSENT


def require_unchanged(file: Path, opened: int, known: Sequence[int]) -> None:
    """Raises ChangedError, which names the file, unless an open one has the stamp that is known of it.

    Args:
        file: for the error.
        opened: its file descriptor.
        known: as of `stamp_of`.
    """
    (size, modified), (known_size, known_time) = _stamp(os.fstat(opened)), known
    if (size, modified) != (known_size, known_time):
        raise ChangedError(
            f"{file}: has changed since the run began: {known_size} bytes then, {size} now"
            f"{', written anew' if modified != known_time else ''}; bring it back, or begin anew (--restart)."
        )


def _stamp(status: os.stat_result) -> tuple[int, int]:
    return status.st_size, status.st_mtime_ns
