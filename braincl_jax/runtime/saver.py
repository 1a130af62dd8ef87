"""When a run is saved, and what goes into the checkpoint."""

import time
from typing import Any

import jax

from braincl_jax.runtime.checkpoint import Checkpointing, path_of
from braincl_jax.runtime.cursor import Cursor, to_json
from braincl_jax.runtime.devices import Devices
from braincl_jax.runtime.interrupt import Interrupted, Stop
from braincl_jax.runtime.log import MetricsLog
from braincl_jax.runtime.processes import any_process, leads
from braincl_jax.runtime.record import Record
from braincl_jax.runtime.writer import Writer
from braincl_jax.state import without_prefetched

# Steps between two times at which several processes ask each other whether to stop.
AGREE_EVERY = 20


class Saver:
    """Saves a run now and then, and when it is asked to stop."""

    def __init__(
        self,
        writer: Writer,
        often: Checkpointing,
        stop: Stop,
        record: Record,
        devices: Devices,
        log: MetricsLog,
        steps: int,
    ) -> None:
        """Starts to count.

        Args:
            writer: what writes checkpoints.
            often: how often.
            stop: whether the run shall stop.
            record: of the run.
            devices: where its state is.
            log: its metrics.
            steps: that the run has done already.
        """
        self._writer, self._often, self._stop = writer, often, stop
        self._record, self._devices, self._log = record.to_mapping(), devices, log
        self._saved_steps, self._saved_at = steps, time.monotonic()
        self._stopping = False

    def is_due(self, cursor: Cursor) -> bool:
        """Whether the run has to be saved here; all processes must ask at the same steps.

        Several processes agree on stopping every few steps only, since agreeing takes time.
        """
        often = self._often
        minutes = (time.monotonic() - self._saved_at) / 60
        if jax.process_count() == 1 or cursor.steps % AGREE_EVERY == 0 or cursor.done == 0:
            self._stopping = any_process(self._stop.asked)
        return (
            self._stopping
            or 0 < often.every_steps <= cursor.steps - self._saved_steps
            or 0 < often.every_minutes <= minutes
        )

    @property
    def idle(self) -> bool:
        """Whether `save` would not have to wait for the last checkpoint."""
        return self._writer.idle

    def save(self, state: Any, cursor: Cursor) -> None:
        """Saves the run from the first process, unless the newest checkpoint is of the same step.

        Blocks while the state is copied to the host and, before that, while the last checkpoint
        is still being written.

        Raises:
            Interrupted: the run has been asked to stop.
        """
        cursor.lap(cursor.stage)
        newest = self._writer.newest
        if leads() and newest != path_of(self._writer.directory, cursor.steps):
            cursor.log_bytes = self._log.size
            host = self._devices.fetch(without_prefetched(state))
            self._writer.save(cursor.steps, host, to_json(cursor), self._record)
        self._saved_steps, self._saved_at = cursor.steps, time.monotonic()
        if self._stopping:
            newest = self._writer.newest
            if newest == path_of(self._writer.directory, cursor.steps):
                saved = f"saved as {newest}"
            elif newest is not None:
                saved = f"this place could not be saved, the newest checkpoint is {newest}"
            else:
                saved = "no checkpoint could be written"
            raise Interrupted(f"interrupted at {cursor}; {saved}")
        cursor.lap("checkpoint")
