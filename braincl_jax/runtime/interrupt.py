"""Signals: SIGTERM and SIGINT ask a run to stop at the next step."""

import contextlib
import dataclasses
import os
import signal
import threading
from collections.abc import Iterator
from typing import Any

# What a process ends with that stopped before its end and can go on: EX_TEMPFAIL of sysexits.h.
EXIT_INTERRUPTED = 75


class Interrupted(Exception):
    """A run was asked to stop and did; the message says where it is and how it goes on."""


@dataclasses.dataclass
class Stop:
    """Whether somebody asked the run to stop."""

    asked: bool = False


@contextlib.contextmanager
def stop_on_signals() -> Iterator[Stop]:
    """Inside, SIGTERM and SIGINT are requests; after the first, SIGINT ends the process at once.

    Handlers are put back at the end. Signals that were ignored stay so, and outside the main
    thread, where Python allows no handlers, nothing is changed.
    """
    stop = Stop()

    def ask(number: int, frame: Any) -> None:
        stop.asked = True
        if signal.SIGINT in replaced:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
        # A handler may run amid a write to sys.stderr, which cannot be entered twice.
        os.write(2, b"\nstops and saves after this step; Ctrl-C ends it at once\n")

    before = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    replaced = {n: handler for n, handler in before.items() if handler is not signal.SIG_IGN}
    try:
        for number in replaced:
            signal.signal(number, ask)
        yield stop
    finally:
        for number, handler in replaced.items():
            signal.signal(number, handler or signal.SIG_DFL)
