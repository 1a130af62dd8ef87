"""Lets the disk of a small run fill up many times, makes room, goes on, and compares its end with a run left alone.

Command:   python -m experiments.benchmarks.disk_full
           as root, since it mounts a tmpfs of its own
Takes:     some 10 minutes on 2 CPU cores.
Expect:    each time one line of error and exit code 2, or checkpoints that are told to be missing; nothing lost;
           state, metrics and summary identical, bit for bit.

The disk begins with one page and grows bit by bit, so that each kind of file is once the one that has no room.
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from braincl_jax.runtime.checkpoint import numbered
from braincl_jax.runtime.workdir import CHECKPOINTS, METRICS, SUMMARY
from experiments.benchmarks import harness
from experiments.benchmarks.kill import small_run
from experiments.benchmarks.launched import Launched, differences

PAGE = 4096
# What a user's error ends with; a run whose last files have no room ends so, too.
EXIT_ERROR = 2


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of one page, mounted in `folder`/disk; see `resize`.

    Raises:
        PermissionError: this user may not mount one.
    """
    disk = folder / "disk"
    disk.mkdir()
    if os.geteuid() != 0:
        raise PermissionError(
            "only root may mount a small disk; run this with sudo, or in a container"
        )
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={PAGE}", "tmpfs", disk], check=True)
    try:
        yield disk
    finally:
        subprocess.run(["umount", disk], check=True)


def resize(disk: Path, pages: int) -> None:
    """Makes the disk one of so many pages, at least as many as are in use."""
    subprocess.run(["mount", "-o", f"remount,size={pages * PAGE}", disk], check=True)


def fill_up(run: Launched, disk: Path, growth: float) -> list[dict[str, Any]]:
    """Runs until the end on a disk that is made larger by that factor, and a page at least, each time it was full.

    Returns:
        of each attempt: pages of the disk, exit code, the last line that was printed, and what files there were.
    """
    attempts, pages = [], 1
    while True:
        resize(disk, pages)
        code = run.start(disk / "run").wait()
        lines = run.output.read_text(errors="replace").splitlines()
        attempts.append(
            {
                "pages": pages,
                "code": code,
                "told": lines[-1][-300:].replace(str(disk), "DISK") if lines else "",
                "files": sorted(path.name for path in (disk / "run").glob("*")),
            }
        )
        if code == 0:
            return attempts
        pages = max(pages + 1, int(pages * growth))


def measure(folder: Path, growth: float, config: Sequence[str]) -> dict[str, Any]:
    """One run left alone, one on a disk that is full again and again, and what differs between them at the end."""
    run = small_run(folder, 2, config)
    run.finish(folder / "alone")
    with small_disk(folder) as disk:
        attempts = fill_up(run, disk, growth)
        different = differences(folder / "alone", disk / "run")
        saved = bool(numbered(disk / "run" / CHECKPOINTS))
    if not saved:  # there was no room for a checkpoint, and the run ended without
        different = [name for name in different if name in (METRICS, SUMMARY)]
    failed = attempts[:-1]
    return {
        "failed": len(failed),
        "other_codes": sum(attempt["code"] != EXIT_ERROR for attempt in failed),
        "differences": different,
        "saved": saved,
        "attempts": attempts,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    line = harness.CommandLine("disk_full", __doc__)
    line.add_argument(
        "--growth", type=float, default=1.3, help="the disk becomes so many times larger each time"
    )
    asked = line.read(arguments)
    with harness.workplace(asked, harness.QUICKSTART) as (folder, _):
        found = measure(folder, 8.0 if asked.smoke else asked.growth, asked.config)
    harness.show(["", ""], [[name, str(found[name])] for name in found if name != "attempts"])
    for attempt in found["attempts"]:
        print(attempt)
    harness.publish(asked, found)
    return 1 if found["differences"] or found["other_codes"] else 0


if __name__ == "__main__":
    sys.exit(main())
