"""Kills a small run at many moments, resumes it each time, and compares its end with that of a run left alone.

Command:   python -m experiments.benchmarks.kill --kills=50
Takes:     about 3 minutes on 2 CPU cores, beside other work.
Expect:    state, metrics and summary identical, bit for bit.

The moments are spread over all steps of the run, each with a delay and a rhythm of checkpoints of its own, so that
some kills hit a step or an evaluation, some the writing of a checkpoint. SIGKILL leaves no chance to clean up.
"""

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from experiments.benchmarks import harness
from experiments.benchmarks.launched import (
    Interruption,
    Landing,
    Launched,
    disturb,
    interrupt,
    progress,
)

LONGEST_DELAY = 0.6  # seconds; a step and its checkpoint take about half of it
RHYTHMS = (0, 1, 4)  # steps between checkpoints; 0: ends of phases only


def small_run(folder: Path, num_tasks: int, flags: Sequence[str] = ()) -> Launched:
    """A small experiment with all its files in one folder; `flags` are further settings of it."""
    own = [*harness.small_flags(folder, num_tasks), *flags]
    return Launched(own, folder, environment={"JAX_DISABLE_MOST_OPTIMIZATIONS": "1"})


def places(kills: int, num_steps: int, seed: int) -> list[Interruption]:
    """Kills at steps drawn from all `num_steps` but the last tenth."""
    rng = np.random.default_rng(seed)
    targets = np.sort(rng.choice(9 * num_steps // 10, kills, replace=False)) + 1
    return [
        Interruption(
            target, rng.uniform(0, LONGEST_DELAY), checkpoint_steps=int(rng.choice(RHYTHMS))
        )
        for target in targets.tolist()
    ]


def kill_and_resume(
    run: Launched, workdir: Path, *, kills: int, num_steps: int, seed: int
) -> list[Landing]:
    """Kills and resumes a run of `num_steps` steps, then lets it end."""
    return interrupt(run, workdir, places(kills, num_steps, seed))


def measure(run: Launched, folder: Path, kills: int, seed: int) -> dict[str, Any]:
    """One run left alone, one killed `kills` times, and what differs between them at the end."""
    landings, different = disturb(run, folder, lambda steps: places(kills, steps, seed))
    return {
        "kills": len(landings),
        "different_places": len(set(landings)),
        "while_saving": sum(landing.saving > 0 for landing in landings),
        "by_phase": dict(Counter(landing.phase for landing in landings)),
        "differences": different,
        "steps": progress(folder / "alone"),
        "landings": [landing._asdict() for landing in landings],
    }


def main(arguments: Sequence[str] | None = None) -> int:
    line = harness.CommandLine("kill", __doc__)
    line.add_argument("--kills", type=int, default=50, help="how often the run is killed")
    line.add_argument("--tasks", type=int, default=10, help="of the run; 20 or so steps each")
    line.add_argument("--seed", type=int, default=0, help="of the moments")
    asked = line.read(arguments)
    kills, tasks = (2, 2) if asked.smoke else (asked.kills, asked.tasks)
    with harness.workplace(asked, harness.QUICKSTART) as (folder, _):
        run = small_run(folder, tasks, asked.config)
        found = measure(run, folder, kills, asked.seed)
    harness.show(["", ""], [[name, found[name]] for name in found if name != "landings"])
    harness.publish(asked, found)
    return 1 if found["differences"] else 0


if __name__ == "__main__":
    sys.exit(main())
