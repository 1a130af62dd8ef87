"""How runs of tests die, and what they leave."""

import os
import signal
from pathlib import Path


class Crash(Exception):
    """The process has died, for all that a test can tell."""


def crash() -> None:
    raise Crash


def terminate() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def files_of(workdir: Path) -> dict[str, bytes]:
    files = (path for path in workdir.rglob("*") if path.is_file())
    return {path.relative_to(workdir).as_posix(): path.read_bytes() for path in files}
