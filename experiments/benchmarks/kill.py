"""Kills a small run at many moments, resumes it each time, and compares its end with that of a run left alone.

Command:   python -m experiments.benchmarks.kill --kills=50
Takes:     about 3 minutes on 2 CPU cores, beside other work.
Expect:    state, metrics and summary identical, bit for bit.

The moments are spread over all steps of the run, each with a delay and a rhythm of checkpoints of its own, so that
some kills hit a step or an evaluation, some the writing of a checkpoint. SIGKILL leaves no chance to clean up.
"""

import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from absl import app, flags, logging

from braincl_jax.runtime.checkpoint import numbered
from braincl_jax.runtime.log import write_json
from experiments.benchmarks.launched import Landing, Launched, differences, progress
from experiments.provenance import current_commit, hardware

IMAGES, SIDE, CLASSES_PER_TASK = 24, 8, 2
LONGEST_DELAY = 0.6  # seconds; a step and its checkpoint take about half of it
RHYTHMS = (0, 1, 4)  # steps between checkpoints; 0: ends of phases only
SETTINGS = {
    "budget_bytes": 24_000,
    "num_devices": 1,
    "eval_batch_size": 16,
    "network.name": "resnet8",
    "network.width": 4,
    "codec.latent_channels": 4,
    "codec.width": 8,
    "codec.analysis_width": 8,
    "codec.first_steps": 24,
    "codec.steps": 6,
    "codec.batch_size": 16,
    "wake.batch_size": 16,
    "sleep.first_steps": 6,
    "sleep.steps": 6,
    "sleep.batch_size": 16,
    "sleep.num_groups": 4,
}


def small_run(folder: Path, num_tasks: int) -> Launched:
    """A small experiment with all its files in one folder; its images are grey noise around a level of the class."""
    rng = np.random.default_rng(0)

    def split(per_class: int) -> tuple[np.ndarray, np.ndarray]:
        label = np.arange(num_tasks * CLASSES_PER_TASK * per_class) // per_class
        level = label * 190 // label.max()
        noise = rng.integers(0, 60, (len(label), SIDE, SIDE, 1))
        return (level[:, None, None, None] + noise).astype(np.uint8), label

    (x_train, y_train), (x_test, y_test) = split(IMAGES), split(IMAGES // 4)
    data = folder / "images.npz"
    np.savez(data, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    settings = SETTINGS | {"dataset": f"npz:{data}", "num_tasks": num_tasks}
    chosen = [f"--config.{key}={value}" for key, value in settings.items()]
    return Launched(chosen, folder, {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1"})


def kill_and_resume(
    run: Launched, workdir: Path, *, kills: int, num_steps: int, seed: int
) -> list[Landing]:
    """Kills and resumes a run at steps drawn from all `num_steps` but the last tenth, then lets it end."""
    rng = np.random.default_rng(seed)
    targets = np.sort(rng.choice(9 * num_steps // 10, kills, replace=False)) + 1
    landings = []
    for target in targets.tolist():
        # A kill comes late at times: the next one still has to see new progress.
        later = max(target, progress(workdir) + 1)
        delay, rhythm = rng.uniform(0, LONGEST_DELAY), int(rng.choice(RHYTHMS))
        landings.append(run.interrupt_at(workdir, later, delay=delay, checkpoint_steps=rhythm))
    run.finish(workdir)
    return landings


def measure(folder: Path, *, kills: int, num_tasks: int, seed: int) -> dict[str, Any]:
    """One run left alone, one killed `kills` times, and what differs between them at the end."""
    began = time.monotonic()
    run = small_run(folder, num_tasks)
    run.finish(folder / "alone")
    num_steps = int(numbered(folder / "alone" / "checkpoints")[-1].name)
    landings = kill_and_resume(run, folder / "killed", kills=kills, num_steps=num_steps, seed=seed)
    return {
        "kills": len(landings),
        "different_places": len(set(landings)),
        "while_saving": sum(landing.saving > 0 for landing in landings),
        "by_phase": dict(Counter(landing.phase for landing in landings)),
        "differences": differences(folder / "alone", folder / "killed"),
        "steps": num_steps,
        "seconds": round(time.monotonic() - began),
        "landings": [landing._asdict() for landing in landings],
    }


def main(argv: Sequence[str]) -> int:
    if len(argv) > 1:
        raise app.UsageError(f"unexpected arguments: {' '.join(argv[1:])}")
    logging.set_verbosity(logging.WARNING)  # Orbax tells much
    values = flags.FLAGS
    commit = current_commit()
    with tempfile.TemporaryDirectory() as folder:
        result = measure(Path(folder), kills=values.kills, num_tasks=values.tasks, seed=values.seed)
    figures = {name: value for name, value in result.items() if name != "landings"}
    print("\n".join(f"{name}: {value}" for name, value in figures.items()))
    if values.results:
        command = (
            f"python -m experiments.benchmarks.kill --kills={values.kills} --tasks={values.tasks} "
            f"--seed={values.seed}"
        )
        made = {"command": command, "commit": commit, "hardware": hardware()}
        write_json(Path(values.results), made | result)
    return 1 if result["differences"] else 0


if __name__ == "__main__":
    flags.DEFINE_integer("kills", 50, "How often the run is killed.", lower_bound=1)
    flags.DEFINE_integer("tasks", 10, "Tasks of the run; 20 or so steps each.", lower_bound=1)
    flags.DEFINE_integer("seed", 0, "Of the moments.")
    flags.DEFINE_string("results", None, "JSON file for the figures, with command and commit.")
    app.run(main)
