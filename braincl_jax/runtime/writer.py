"""Checkpoints written in the background, while training goes on."""

import logging
import shutil
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from braincl_jax.runtime.checkpoint import (
    numbered,
    path_of,
    steps_of,
    sync,
    unfinished,
    write_checkpoint,
)
from braincl_jax.types import PyTree

_LOG = logging.getLogger(__name__)


class Writer:
    """Writes checkpoints in one thread in the background, one at a time; a context manager.

    A checkpoint that cannot be written is an error in the log, and the run goes on: older ones
    are deleted only once a new one is complete and verified.
    """

    def __init__(self, directory: Path, *, keep: int, log: Path, resumed: Path | None) -> None:
        """Takes over a directory.

        Args:
            directory: `checkpoints` of a work directory.
            keep: how many stay.
            log: the metrics, of which a checkpoint tells the length: they reach the disk before it.
            resumed: the intact checkpoint that the run goes on from. Newer ones are damaged.
        """
        self.directory, self._keep, self._log = directory, keep, log
        self._complete = [] if resumed is None else _up_to(resumed)
        self._saving: Future[None] | None = None
        self._thread = ThreadPoolExecutor(1, "checkpoint")

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, *exception: object) -> None:
        self._thread.shutdown(wait=True)

    @property
    def newest(self) -> Path | None:
        """The newest complete checkpoint; waits for the one that is being written."""
        self.wait()
        return self._complete[-1] if self._complete else None

    @property
    def idle(self) -> bool:
        """Whether nothing is being written."""
        return self._saving is None or self._saving.done()

    def wait(self) -> None:
        """Returns once nothing is being written."""
        if self._saving is not None:
            self._saving.result()

    def save(
        self,
        steps: int,
        state: PyTree,
        cursor: Mapping[str, Any],
        config: Mapping[str, Any],
    ) -> None:
        """Arguments as of `write_checkpoint`; waits for the last save and starts this one."""
        self.wait()
        self._saving = self._thread.submit(self._save, steps, state, cursor, config)

    def _save(self, steps: int, *content: Any) -> None:
        try:
            sync(self._log)
            path = write_checkpoint(self.directory, steps, *content)
        except Exception as error:
            kept = self._complete[-1] if self._complete else "none"
            _LOG.error(
                "checkpoint %s could not be written (%s: %s); the run goes on, its newest "
                "checkpoint is %s",
                *(path_of(self.directory, steps), type(error).__name__, error, kept),
            )
            return
        self._complete = [*self._complete, path][-self._keep :]
        for other in (*numbered(self.directory), *unfinished(self.directory)):
            if other not in self._complete:
                shutil.rmtree(other, ignore_errors=True)


def _up_to(newest: Path) -> list[Path]:
    return [path for path in numbered(newest.parent) if steps_of(path) <= steps_of(newest)]
