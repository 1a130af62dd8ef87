"""Fifty tasks in a row, interrupted five times: does anything slow down, or is anything compiled again?

Command:   python -m experiments.benchmarks.long_sequence --dataset=npz:omniglot.npz
Takes:     about 6 minutes on 2 CPU cores; with --compare, for which it runs once more undisturbed, about 12.
Expect:    no compilation after the first two tasks of each process, step times that stay as they are,
           and with --compare no difference, bit for bit.

SIGKILL and SIGTERM take turns, at steps and with delays drawn from a seed, one in every equal share of the sequence.
Each time the same command resumes the run.
"""

import itertools
import json
import shlex
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from absl import app, flags, logging

from braincl_jax.build import build_stream
from braincl_jax.config import Config, from_mapping
from braincl_jax.methods import get_method
from braincl_jax.pipeline import phases
from braincl_jax.runtime.checkpoint import numbered, read_arrays
from braincl_jax.runtime.log import write_json
from experiments.benchmarks.launched import Launched, differences
from experiments.benchmarks.step_times import compilations, first_and_last, plot, read_timings
from experiments.configs import omniglot_50
from experiments.provenance import current_commit, hardware

SIGNALS = (signal.SIGKILL, signal.SIGTERM)
LONGEST_DELAY = (
    3.0  # seconds after a checkpoint: some signals come amid a phase, some amid the next checkpoint
)
ENDS = 5  # tasks at the beginning and at the end whose step times are compared


def count_steps(config: Config) -> int:
    """Steps of a whole run; each evaluation counts as one."""
    story = phases(get_method(config.method), build_stream(config), config)
    tasks = range(config.num_tasks)
    return sum(phase.num_steps(task) for phase in story for task in tasks) + config.num_tasks


def interrupt(
    run: Launched, workdir: Path, *, number: int, num_steps: int, seed: int
) -> list[dict[str, Any]]:
    """Runs to the end through `number` signals; says of each where it hit and what the checkpoint weighs."""
    rng = np.random.default_rng(seed)
    # The last share ends early: the run must not be over before the signal comes.
    places = (np.arange(number) + rng.uniform(0, 0.9, number)) / number
    landings = []
    for place, sent in zip(places.tolist(), itertools.cycle(SIGNALS), strict=False):
        target, delay = 1 + int(place * num_steps), rng.uniform(0, LONGEST_DELAY)
        landing = run.interrupt_at(workdir, target, delay=delay, number=sent)
        landings.append({"signal": sent.name} | landing._asdict() | newest_bytes(workdir))
        print(landings[-1], flush=True)
    run.finish(workdir)
    return landings


def newest_bytes(workdir: Path) -> dict[str, int]:
    """Bytes on disk of the newest checkpoint and of its cursor, which grows with the tasks, and of the memory in it."""
    found = numbered(workdir / "checkpoints")
    if not found:
        return {}
    sizes = {path.name: path.stat().st_size for path in found[-1].rglob("*") if path.is_file()}
    arrays = read_arrays(found[-1])
    return {
        "checkpoint_bytes": sum(sizes.values()),
        "cursor_bytes": sizes["cursor.json"],
        "memory_bytes": sum(
            array.nbytes for name, array in arrays.items() if name.startswith("memory/long_term/")
        ),
    }


def outcome(workdir: Path) -> dict[str, Any]:
    """Accuracy, bytes and step times of the finished run in `workdir`."""
    summary = json.loads((workdir / "summary.json").read_text())
    lines = map(json.loads, (workdir / "metrics.jsonl").read_text().splitlines())
    total, budget = summary["memory_bytes"]["total"], summary["budget_bytes"]
    free = [int(line["free_bytes"]) for line in lines if line["phase"] == "transfer"]
    processes = read_timings(workdir / "timings.jsonl")
    kept = ("final_accuracy", "average_incremental_accuracy", "forgetting_chaudhry", "seed")
    kept += ("num_tasks", "num_cues", "num_train_images", "recall_psnr_db", "raw_train_bytes")
    kept += ("memory_bytes", "budget_bytes", "wall_seconds", "versions", "device")
    return {name: summary[name] for name in kept} | {
        "used_bytes_after_each_task": [total - one for one in free],
        # The block never changes its size; what is free of it must not be less than nothing.
        "within_budget_after_every_task": total <= budget and min(free) >= 0,
        "processes": [compilations(process) for process in processes],
        "step_times": first_and_last(processes, summary["num_tasks"], ENDS),
    }


def measure(folder: Path, values: flags.FlagValues) -> dict[str, Any]:
    """The sequence with interruptions and, if asked for, without; the folder gets both runs."""
    config = omniglot_50.get_config()
    config.dataset = values.dataset
    num_steps = count_steps(from_mapping(config.to_dict()))
    settings = {"seed": values.seed, "dataset": values.dataset}
    chosen = [f"--config.{key}={value}" for key, value in settings.items()]
    run = Launched(["--config=experiments/configs/omniglot_50.py", *chosen], folder)
    alone, interrupted = folder / "alone", folder / "interrupted"
    if values.compare:
        run.finish(alone)
    began = time.monotonic()
    landings = interrupt(
        run, interrupted, number=values.interruptions, num_steps=num_steps, seed=values.seed
    )
    seconds = round(time.monotonic() - began)
    return outcome(interrupted) | {
        "steps": num_steps,
        "seconds_with_restarts": seconds,
        "interruptions": landings,
        "at_the_end": newest_bytes(interrupted),
        "differences": differences(alone, interrupted) if values.compare else None,
    }


def main(argv: Sequence[str]) -> int:
    values = flags.FLAGS
    if len(argv) > 1:
        raise app.UsageError(f"unexpected arguments: {' '.join(argv[1:])}")
    if values.folder and Path(values.folder, "interrupted").exists():
        raise app.UsageError(f"--folder={values.folder} holds an interrupted run already")
    logging.set_verbosity(logging.WARNING)  # Orbax tells much
    made = {
        "command": shlex.join(
            ["python", "-m", "experiments.benchmarks.long_sequence", *sys.argv[1:]]
        ),
        "commit": current_commit(),
        "hardware": hardware(),
    }
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(values.folder or temporary).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        figures = measure(folder, values)
        if values.results:
            results = Path(values.results)
            write_json(results, made | figures)
            processes = read_timings(folder / "interrupted" / "timings.jsonl")
            plot(results.with_suffix(".png"), processes, figures["num_tasks"])
    print(json.dumps(figures, indent=2))
    kept = not any(one["compiled_later"] for one in figures["processes"])
    return (
        0
        if kept and figures["within_budget_after_every_task"] and not figures["differences"]
        else 1
    )


if __name__ == "__main__":
    flags.DEFINE_string("dataset", "npz:omniglot.npz", "Omniglot, see the config omniglot_50.")
    flags.DEFINE_integer("interruptions", 5, "How many.", lower_bound=1)
    flags.DEFINE_integer("seed", 0, "Of the run and of the places of the interruptions.")
    flags.DEFINE_boolean("compare", False, "Run it undisturbed too, and compare the ends.")
    flags.DEFINE_string("folder", None, "Keeps the runs; a finished `alone` there is not repeated.")
    flags.DEFINE_string("results", None, "JSON file for the figures; a plot is put beside it.")
    app.run(main)
