"""What a figure was measured with."""

import os
import platform
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path


def provenance(module: str, arguments: Sequence[str]) -> dict[str, str]:
    """What is stored beside figures: the command that repeats them, the commit that runs, and the machine.

    Args:
        module: what `python -m` runs.
        arguments: of the command line.
    """
    return {
        "command": shlex.join(["python", "-m", module, *arguments]),
        "commit": current_commit(),
        "hardware": hardware(),
    }


def current_commit() -> str:
    """Short hash of the commit that runs, with '+' where files differ from it; 'unknown' outside git."""
    ask = ["git", "-C", str(Path(__file__).parent)]
    head = subprocess.run([*ask, "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    if head.returncode:
        return "unknown"
    changed = subprocess.run([*ask, "status", "--porcelain"], capture_output=True, text=True)
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "")


def hardware() -> str:
    """The machine in words."""
    return f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}"
