"""The shell of a run: all that is impure around its steps."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from braincl_jax.runtime.checkpoint import Checkpointing
from braincl_jax.runtime.cursor import Cursor
from braincl_jax.runtime.devices import Devices
from braincl_jax.runtime.followed import FollowedLog, Follower
from braincl_jax.runtime.interrupt import stop_on_signals
from braincl_jax.runtime.launches import Launch, note_launch
from braincl_jax.runtime.processes import leads
from braincl_jax.runtime.record import Record
from braincl_jax.runtime.saver import Saver
from braincl_jax.runtime.timings import CHECKPOINT, Timings
from braincl_jax.runtime.workdir import CHECKPOINTS, LAUNCHES, METRICS, TIMINGS
from braincl_jax.runtime.writer import Writer


class Shell(NamedTuple):
    """Devices, and where what they say goes."""

    devices: Devices
    log: FollowedLog
    saver: Saver
    timings: Timings

    def save(self, state: Any, cursor: Cursor) -> None:
        """See `Saver.save`."""
        self.timings.restart()
        self.saver.save(state, cursor)
        self.timings.lap(cursor.task, CHECKPOINT, 1)


@contextlib.contextmanager
def open_shell(
    workdir: Path,
    devices: Devices,
    record: Record,
    command: str,
    checkpointing: Checkpointing,
    cursor: Cursor,
    resumed: Path | None,
    followers: Sequence[Follower] = (),
) -> Iterator[Shell]:
    """Opens the files of a run, to be written by the first process, and listens to signals while it is open.

    Args:
        workdir: of the run.
        devices: where its state is.
        record: of the run.
        command: what repeats the run, to be recorded.
        checkpointing: how often it is saved.
        cursor: where it begins or goes on.
        resumed: the checkpoint that it goes on from.
        followers: who is told what is logged.
    """
    log_path, timings_path = workdir / METRICS, workdir / TIMINGS
    if not leads():
        log_path = timings_path = Path(os.devnull)
    else:
        launch = Launch.of_this_process(command, devices.description, cursor.steps)
        note_launch(workdir / LAUNCHES, launch)
    with (
        FollowedLog(log_path, cursor.log_bytes if leads() else 0, followers) as log,
        Writer(
            workdir / CHECKPOINTS, keep=checkpointing.keep, log=log_path, resumed=resumed
        ) as writer,
        Timings(timings_path, cursor.steps) as timings,
        stop_on_signals() as stop,
    ):
        saver = Saver(writer, checkpointing, stop, record, devices, log, cursor.steps)
        yield Shell(devices, log, saver, timings)
