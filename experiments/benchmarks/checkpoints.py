"""What a checkpoint costs: the time in which it keeps replay from going on, and its bytes.

Command:   python -m experiments.benchmarks.checkpoints
Takes:     about 4 minutes on 2 CPU cores.
Expect:    a checkpoint that blocks for less than a replay step.

The figures are those of the last task's night, with a full memory, from the run's own `timings.jsonl`.
"""

import itertools
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from braincl_jax.runtime.checkpoint import numbered, read_arrays
from braincl_jax.runtime.timings import CHECKPOINT
from braincl_jax.runtime.workdir import CHECKPOINTS, TIMINGS
from experiments.benchmarks import harness
from experiments.benchmarks.launched import Launched
from experiments.benchmarks.step_times import read_timings

# Often enough to see some in a night, seldom enough that none waits for the one before.
EVERY_STEPS = 100
STATE_PARTS = {
    "long_term_memory": "memory/long_term/",
    "working_memory": "memory/working/",
    "network_and_optimisers": "encoder/",
}


def delays(lines: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Milliseconds that checkpoints take of replay, medians over checkpoints.

    Args:
        lines: of `timings.jsonl`, of replay and of the checkpoints amid it, in order.

    Returns:
        `replay_step_ms` away from checkpoints; `blocking_ms` of a checkpoint, while replay stands still; and
        `delay_ms`, that and what its writing in the background slows down the steps on the next line by.
    """
    pairs = list(itertools.pairwise(lines))
    blocking = [one["seconds"] for one, _ in pairs if one["phase"] == CHECKPOINT]
    replays = [pair for pair in pairs if pair[1]["phase"] != CHECKPOINT]
    plain = statistics.median(
        line["seconds"] / line["steps"] for before, line in replays if before["phase"] != CHECKPOINT
    )
    slower = [
        before["seconds"] + line["seconds"] - line["steps"] * plain
        for before, line in replays
        if before["phase"] == CHECKPOINT
    ]
    return {
        "replay_step_ms": round(1e3 * plain, 2),
        "blocking_ms": round(1e3 * statistics.median(blocking), 2),
        "blocking_in_replay_steps": round(statistics.median(blocking) / plain, 2),
        "delay_ms": round(1e3 * statistics.median(slower), 1),
    }


def checkpoint_bytes(workdir: Path) -> dict[str, int]:
    """Bytes of the newest checkpoint on disk and of the arrays in it, by part of the state."""
    newest = numbered(workdir / CHECKPOINTS)[-1]
    arrays = read_arrays(newest)
    parts = {
        part: sum(array.nbytes for name, array in arrays.items() if name.startswith(prefix))
        for part, prefix in STATE_PARTS.items()
    }
    on_disk = sum(path.stat().st_size for path in newest.rglob("*") if path.is_file())
    return parts | {"state": sum(x.nbytes for x in arrays.values()), "on_disk": on_disk}


def measure(run: Launched, workdir: Path, every_steps: int) -> dict[str, Any]:
    """Times and bytes of a run that saves itself so often."""
    num_tasks = run.finish(workdir, every_steps)["num_tasks"]
    (process,) = read_timings(workdir / TIMINGS)
    last = [line for line in process.lines if line["task"] == num_tasks - 1]
    night = [index for index, line in enumerate(last) if line["phase"] == "replay"]
    return delays(last[night[0] : night[-1] + 1]) | {"bytes": checkpoint_bytes(workdir)}


def main(arguments: Sequence[str] | None = None) -> None:
    line = harness.CommandLine("checkpoints", __doc__)
    line.add_argument("--devices", type=int, default=4, help="virtual devices")
    asked = line.read(arguments)
    nights = f"--config.sleep.steps={12 * EVERY_STEPS}"
    defaults = (harness.QUICKSTART, *harness.SHORT_TRAINING, nights)
    with harness.workplace(asked, *defaults) as (folder, flags):
        run = Launched(flags, folder, environment=harness.environment(asked, asked.devices))
        found = measure(run, folder / "run", 2 if asked.smoke else EVERY_STEPS)
    rows = [[name, value] for name, value in found.items() if name != "bytes"]
    harness.show(["", ""], [*rows, *([f"{n} (bytes)", b] for n, b in found["bytes"].items())])
    harness.publish(asked, {"devices": asked.devices, "every_steps": EVERY_STEPS} | found)


if __name__ == "__main__":
    main()
