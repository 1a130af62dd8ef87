"""What a figure was measured with."""

import os
import platform
import subprocess
from pathlib import Path


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
