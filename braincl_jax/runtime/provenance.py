"""What runs: the command, the code and the machine that a figure was measured with."""

import functools
import hashlib
import os
import platform
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
CPUINFO = Path("/proc/cpuinfo")


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
    ask = ["git", "-C", str(PACKAGE)]
    try:
        head = subprocess.run(
            [*ask, "rev-parse", "--short", "HEAD"], capture_output=True, text=True
        )
    except OSError:  # there is no git
        return "unknown"
    if head.returncode:
        return "unknown"
    changed = subprocess.run([*ask, "status", "--porcelain"], capture_output=True, text=True)
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "")


@functools.cache
def code_digest() -> str:
    """SHA-256, in hex, of this package's source files as they were at the first call, by name and content."""
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(PACKAGE).as_posix()} {len(content)} ".encode())
        digest.update(content)
    return digest.hexdigest()


def hardware() -> str:
    """The machine in words; floats add up to other last bits on another processor."""
    model = _processor()
    cores = f"{os.cpu_count()} cores" + (f" of {model}" if model else "")
    return f"{cores}, {platform.machine()}, {platform.system()}"


def _processor() -> str:
    """The processor's name as Linux tells it, with how wide its vectors are; else what the platform knows."""
    try:
        told = CPUINFO.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor()
    fields = {
        name.strip(): value.strip()
        for name, _, value in (line.partition(":") for line in told.splitlines())
    }
    model, flags = fields.get("model name", platform.processor()), fields.get("flags", "").split()
    widest = next((one for one in ("avx512f", "avx2") if one in flags), "")
    return f"{model} with {widest}" if model and widest else model
