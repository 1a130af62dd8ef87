"""The log of a run, and who follows it: the table beside it, TensorBoard, or a logger of your own."""

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from braincl_jax.runtime.log import MetricsLog
from braincl_jax.runtime.logged import read_log
from braincl_jax.runtime.processes import leads
from braincl_jax.runtime.table import MetricsTable

_LOG = logging.getLogger(__name__)


class Follower(Protocol):
    """Is told all that is logged, in the first process.

    What it raises is a warning in the log, and it is told nothing more: it cannot cost the run.
    """

    def begin(self, past: Iterator[dict[str, Any]]) -> None:
        """The log is open; `past` are its lines so far, which come before all others.

        After an interruption these are the lines up to the checkpoint that the run goes on from: of later ones, which
        were told before, the run makes new ones.
        """
        ...

    def follow(self, line: dict[str, Any]) -> None:
        """A line has been written."""
        ...

    def end(self) -> None:
        """The log is closed, since the run has learned all tasks, was interrupted, or failed."""
        ...


class FollowedLog(MetricsLog):
    """`metrics.jsonl` as a context manager, see `MetricsLog`, with the table beside it and other followers."""

    def __init__(self, path: Path, keep: int = 0, followers: Sequence[Follower] = ()) -> None:
        """Opens the file on entry.

        Args:
            path: the file.
            keep: bytes of it that stay.
            followers: of the log, beside its table.
        """
        super().__init__(path, keep)
        self._followers: list[Follower] = [MetricsTable(path), *followers] if leads() else []

    def __enter__(self) -> "FollowedLog":
        super().__enter__()
        self._tell(lambda one: one.begin(read_log(self._path)))
        return self

    def write(self, **record: Any) -> None:
        """Writes one line and tells it; NaN and infinity, which JSON does not know, are a ValueError."""
        super().write(**record)
        self._tell(lambda one: one.follow(record))

    def __exit__(self, *exception: object) -> None:
        super().__exit__(*exception)
        self._tell(lambda one: one.end())

    def _tell(self, tell: Callable[[Follower], None]) -> None:
        for follower in list(self._followers):
            try:
                tell(follower)
            except Exception as error:
                self._followers.remove(follower)
                _LOG.warning(
                    "%s, which follows %s, failed and is told nothing more: %s",
                    *(type(follower).__name__, self._path, error),
                    exc_info=True,
                )
