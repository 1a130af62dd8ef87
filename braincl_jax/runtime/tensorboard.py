"""TensorBoard: the numbers of a run as scalars, while it runs.

Metrics of a phase are PHASE/NAME over the steps of that phase in all tasks; figures of an evaluator are EVALUATOR/NAME
over tasks. Lists and matrices are left out.

Whenever a run begins or goes on, a new file gets all that its log holds, after a mark that takes back what earlier
files say: what is shown is what the log says, also where a run went on from before its end.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from braincl_jax.runtime.logged import PLACE, StepCount
from braincl_jax.runtime.workdir import EVENTS

# Seconds between two moments at which the file is brought to disk; TensorBoard looks every 30 seconds or so.
FLUSH_SECONDS = 5


class EventFiles:
    """Follows a log, see `followed.Follower`. It writes in the thread that tells it: a full disk is heard of."""

    def __init__(self, workdir: Path) -> None:
        """Writes nothing yet.

        Args:
            workdir: of the run; the files go into a folder in it, which is made if need be.

        Raises:
            ValueError: tensorboardX is not installed.
        """
        try:
            from tensorboardX import event_file_writer, summary
            from tensorboardX.proto import event_pb2
        except ImportError as error:
            raise ValueError(
                "--tensorboard needs the package tensorboardX, which cannot be imported "
                f"({error}): pip install 'braincl_jax[tensorboard]', or in a clone pip install "
                "-e '.[tensorboard]'; or leave --tensorboard out"
            ) from error
        self._folder, self._open = workdir / EVENTS, event_file_writer.EventsWriter
        self._events, self._scalar = event_pb2, summary.scalar
        self._writer: Any = None
        self._count, self._flushed = StepCount(), 0.0

    def begin(self, past: Iterator[dict[str, Any]]) -> None:
        """Opens a file and writes all that was logged so far."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._writer = self._open(str(self._folder / "events"))
        start = self._events.SessionLog(status=self._events.SessionLog.START)
        self._write(step=0, session_log=start)
        for line in past:
            self._add(line)
        self._flush()

    def follow(self, line: dict[str, Any]) -> None:
        """Writes the numbers of one line."""
        self._add(line)
        if time.monotonic() - self._flushed > FLUSH_SECONDS:
            self._flush()

    def end(self) -> None:
        """Closes the file."""
        self._writer.close()

    def _add(self, line: dict[str, Any]) -> None:
        looked = "evaluator" in line
        place, numbers = (line["evaluator"], line["figures"]) if looked else (line["phase"], line)
        step = line["task"] if looked else self._count(line)
        for name, value in numbers.items():
            if isinstance(value, int | float) and (looked or name not in PLACE):
                self._write(step=step, summary=self._scalar(f"{place}/{name}", value))

    def _write(self, **content: Any) -> None:
        self._writer.write_event(self._events.Event(wall_time=time.time(), **content))

    def _flush(self) -> None:
        self._writer.flush()
        self._flushed = time.monotonic()
