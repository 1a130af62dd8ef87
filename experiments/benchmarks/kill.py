"""Kills a small run at many moments, resumes it each time, and compares its end with that of a run left alone.

Command:   python -m experiments.benchmarks.kill --kills=50
Takes:     about 5 minutes on 2 CPU cores, beside other work.
Expect:    state, metrics and summary identical, bit for bit.

The moments are spread over all steps of the run, each with a delay and a rhythm of checkpoints of its own, so that
some kills hit a step or an evaluation, some the writing of a checkpoint. SIGKILL leaves no chance to clean up.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from absl import app, flags, logging

from braincl_jax.runtime.checkpoint import numbered, read_arrays
from braincl_jax.runtime.log import write_json
from experiments.provenance import current_commit, hardware

ROOT = Path(__file__).parents[2]
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


class Landing(NamedTuple):
    """Where a kill hit a run.

    Attributes:
        task, phase: of the newest complete checkpoint at that moment.
        steps: that this checkpoint has behind it; 0 if there is none.
        saving: steps behind the checkpoint that was being written; 0 if there was none.
    """

    task: int
    phase: str
    steps: int
    saving: int


class SmallRun:
    """A small experiment in a process of its own, with all its files in one folder."""

    def __init__(self, folder: Path, num_tasks: int) -> None:
        """Writes the images: grey noise around a level that tells the class."""
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
        self._flags = [f"--config.{key}={value}" for key, value in settings.items()]
        self._output = folder / "output.txt"
        # Compiled programs are kept from one process to the next: a restart takes seconds.
        self._environment = os.environ | {
            "PYTHONPATH": str(ROOT),
            "JAX_COMPILATION_CACHE_DIR": str(folder / "compiled"),
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
            "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
            "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
        }

    def start(self, workdir: Path, checkpoint_steps: int) -> subprocess.Popen:
        """Starts or resumes the run; it saves itself after so many steps, and at the end of phases."""
        command = [sys.executable, "-m", "experiments.launch", *self._flags]
        with self._output.open("w") as output:
            return subprocess.Popen(
                [*command, f"--workdir={workdir}", f"--checkpoint_steps={checkpoint_steps}"],
                cwd=ROOT,
                env=self._environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def finish(self, workdir: Path) -> None:
        """Starts or resumes the run and waits for its end.

        Raises:
            RuntimeError: it failed.
        """
        if self.start(workdir, checkpoint_steps=0).wait():
            raise RuntimeError(self._output.read_text()[-2000:])

    def kill_at(self, workdir: Path, steps: int, *, delay: float, checkpoint_steps: int) -> Landing:
        """Starts or resumes the run, and kills it `delay` seconds after its checkpoint of `steps` or more begins.

        Raises:
            RuntimeError: it ended by itself.
        """
        process = self.start(workdir, checkpoint_steps)
        while _progress(workdir) < steps and process.poll() is None:
            time.sleep(0.002)
        time.sleep(delay)
        process.kill()
        if process.wait() != -signal.SIGKILL:
            raise RuntimeError(f"the run was not killed: {self._output.read_text()[-2000:]}")
        return _landing(workdir)


def _progress(workdir: Path) -> int:
    """Steps behind the newest checkpoint, complete or not."""
    return max((int(path.stem) for path in (workdir / "checkpoints").glob("*")), default=0)


def _landing(workdir: Path) -> Landing:
    complete, progress = numbered(workdir / "checkpoints"), _progress(workdir)
    if not complete:
        return Landing(0, "start", 0, progress)
    cursor = json.loads((complete[-1] / "cursor.json").read_text())
    steps = cursor["steps"]
    return Landing(cursor["task"], cursor["phase"], steps, progress if progress > steps else 0)


def kill_and_resume(
    run: SmallRun, workdir: Path, *, kills: int, num_steps: int, seed: int
) -> list[Landing]:
    """Kills and resumes a run at steps drawn from all `num_steps` but the last tenth, then lets it end."""
    rng = np.random.default_rng(seed)
    targets = np.sort(rng.choice(9 * num_steps // 10, kills, replace=False)) + 1
    landings = []
    for target in targets.tolist():
        # A kill comes late at times: the next one still has to see new progress.
        later = max(target, _progress(workdir) + 1)
        delay, rhythm = rng.uniform(0, LONGEST_DELAY), int(rng.choice(RHYTHMS))
        landings.append(run.kill_at(workdir, later, delay=delay, checkpoint_steps=rhythm))
    run.finish(workdir)
    return landings


def differences(one: Path, other: Path) -> list[str]:
    """What differs between two finished runs: arrays of their last states by name, metrics, summaries."""
    arrays, others = (read_arrays(numbered(path / "checkpoints")[-1]) for path in (one, other))
    found = [
        name
        for name in sorted(arrays.keys() | others.keys())
        if name not in arrays or name not in others or not _same(arrays[name], others[name])
    ]
    if (one / "metrics.jsonl").read_bytes() != (other / "metrics.jsonl").read_bytes():
        found.append("metrics.jsonl")
    if _comparable_summary(one) != _comparable_summary(other):
        found.append("summary.json")
    return found


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    return (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())


def _comparable_summary(workdir: Path) -> dict[str, Any]:
    summary = json.loads((workdir / "summary.json").read_text())
    return {name: summary[name] for name in summary.keys() - {"wall_seconds", "versions"}}


def measure(folder: Path, *, kills: int, num_tasks: int, seed: int) -> dict[str, Any]:
    """One run left alone, one killed `kills` times, and what differs between them at the end."""
    began = time.monotonic()
    run = SmallRun(folder, num_tasks)
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
