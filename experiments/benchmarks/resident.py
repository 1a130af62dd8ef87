"""How much memory a run takes beside the brain: `python -m experiments.benchmarks.resident --gigabytes=0.1,1`.

For each size, writes a mapped data set of 128x128 images into a temporary folder, learns it by the launcher.
All images are memorised, so all are read. Linux counts pages of mapped files as memory of a process, but may take them
back at any time: anonymous memory is given beside the whole. The brain's own arrays are taken off.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from absl import flags

from braincl_jax.config import Config, from_mapping
from braincl_jax.report.page import markdown_table
from braincl_jax.runtime.provenance import hardware
from experiments import entry
from experiments.benchmarks import footprint
from experiments.configs import quickstart

_GIGABYTES = flags.DEFINE_list("gigabytes", ["0.1", "1"], "Sizes of the training images.")
_FOLDER = flags.DEFINE_string("folder", None, "Where the data sets are written for a while.")
SIDE, CLASSES, TASKS, TEST, CHUNK = 128, 8, 4, 256, 1024
SETTINGS = {
    "num_tasks": TASKS,
    "budget_bytes": 400_000,
    "num_devices": 1,
    "image_side": 32,
    "eval_batch_size": 128,
    "network": "resnet8(width=4)",
    "codec.num_stages": 3,
    "codec.latent_channels": 2,
    "codec.width": 4,
    "codec.analysis_width": 4,
    "codec.first_steps": 20,
    "codec.steps": 10,
    "wake.epochs": 0,
    "sleep.steps": 4,
    "sleep.batch_size": 16,
    "sleep.num_groups": 4,
}
# What the compiler needs to optimise, and what malloc keeps for each thread, would hide what the data take.
QUIET = {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1", "MALLOC_ARENA_MAX": "1"}
BYTES = SIDE * SIDE * 3


def write_data(folder: Path, number: int) -> None:
    """`number` training images, a chunk at a time."""
    for split, images in (("train", number), ("test", TEST)):
        dims, labels = (images, SIDE, SIDE, 3), np.arange(images) % CLASSES
        pixels = np.lib.format.open_memmap(folder / f"x_{split}.npy", "w+", np.uint8, dims)
        for start in range(0, images, CHUNK):
            classes = labels[start : start + CHUNK]
            rng = np.random.default_rng((images, start))
            patches = rng.integers(0, 32, (len(classes), 8, 8, 3), np.uint8)
            patches += 28 * classes[:, None, None, None].astype(np.uint8)
            pixels[start : start + CHUNK] = patches.repeat(SIDE // 8, 1).repeat(SIDE // 8, 2)
        np.save(folder / f"y_{split}.npy", labels)


def peaks(command: list[str], log: Path) -> dict[str, int]:
    """The most bytes by kind of a process that runs a command; `log` gets what it prints.

    Raises:
        RuntimeError: it failed.
    """
    env = os.environ | QUIET
    with open(log, "wb") as out, subprocess.Popen(command, stdout=out, stderr=out, env=env) as run:
        most = footprint.peaks(run)
    if run.returncode:
        raise RuntimeError(f"{' '.join(command)}: {log.read_text()[-3000:]}")
    return most


def settings_as_config(settings: dict[str, Any]) -> Config:
    """The config of a run with such settings, for the quickstart's."""
    config = quickstart.get_config()
    config.update_from_flattened_dict(settings)
    return from_mapping(config.to_dict())


def measure(folder: Path, gigabytes: float) -> list[str]:
    """A row of the table: of a run on that many gigabytes of training images, megabytes and minutes."""
    number = round(gigabytes * 1e9 / BYTES)
    write_data(folder, number)
    begin = time.monotonic()
    settings = SETTINGS | {"dataset": f"npy:{folder}"}
    flags_of_run = [f"--config.{key}={value}" for key, value in settings.items()]
    launch = [sys.executable, "-m", "experiments.launch", f"--workdir={folder / 'run'}"]
    most = peaks([*launch, *flags_of_run], folder / "log")
    minutes = (time.monotonic() - begin) / 60
    brain = footprint.brain_bytes(settings_as_config(settings))
    beside = (most["all"] - brain, most["anonymous"] - brain)
    megabytes = [
        f"{value / 1e6:,.0f}" for value in (number * BYTES, *most.values(), brain, *beside)
    ]
    return [f"{number:,}", *megabytes, f"{minutes:.1f}"]


def main(argv: list[str]) -> None:
    entry.no_arguments(argv)
    rows = []
    for size in map(float, _GIGABYTES.value):
        with tempfile.TemporaryDirectory(dir=_FOLDER.value) as folder:
            rows.append(measure(Path(folder), size))
    header = (
        "images",
        "data",
        *footprint.KINDS,
        "brain",
        "all beside it",
        "anonymous beside it",
        "minutes",
    )
    print(f"{hardware()}; peaks in MB\n\n{markdown_table(header, rows)}")


if __name__ == "__main__":
    entry.run(main)
