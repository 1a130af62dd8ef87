"""What measurements share: their command line, timing in turn, and a run so small that a test can do it."""

import argparse
import contextlib
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from braincl_jax.report.page import markdown_table
from braincl_jax.runtime.log import write_json
from braincl_jax.runtime.provenance import provenance

# One figure of each thing that is measured, in one round over all of them.
Rounds = Sequence[Mapping[str, float]]

QUICKSTART = "--config=experiments/configs/quickstart.py"
# Enough to fill a memory with strings: how good they are does not matter for the time that they take.
SHORT_TRAINING = ("--config.codec.first_steps=200", "--config.codec.steps=100")
IMAGES, SIDE, CLASSES_PER_TASK = 24, 8, 2
SMALL = {
    "budget_bytes": 24_000,
    "num_devices": 1,
    "eval_batch_size": 16,
    "network": "resnet8(width=4)",
    "codec.latent_channels": 4,
    "codec.width": 8,
    "codec.analysis_width": 8,
    "codec.first_steps": 24,
    "codec.steps": 6,
    "codec.batch_size": 16,
    "wake.epochs": 1,
    "wake.batch_size": 16,
    "sleep.steps": 6,
    "sleep.batch_size": 16,
    "sleep.num_groups": 4,
}


class CommandLine(argparse.ArgumentParser):
    """Flags of a measurement: its own, `--results`, `--smoke`, and settings of a run as for `experiments.launch`."""

    def __init__(self, name: str, description: str | None, settings: bool = True) -> None:
        """Gets the name of the module in this folder, its docstring, and whether it reads settings of a run."""
        self.module = f"experiments.benchmarks.{name}"
        super().__init__(
            prog=f"python -m {self.module}",
            description=description,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            epilog="--config=FILE.py and --config.KEY=VALUE are settings of the run, as for experiments.launch"
            if settings
            else None,
            allow_abbrev=False,
        )
        self.settings = settings
        self.add_argument("--results", type=Path, help="JSON file for the figures")
        self.add_argument(
            "--smoke", action="store_true", help="tiny run: is everything there? not a result"
        )

    def read(self, arguments: Sequence[str] | None) -> argparse.Namespace:
        """The flags; `config` are those of the run, and `made` says what is measured with.

        Args:
            arguments: those of the process where None.
        """
        asked, config = self.parse_known_args(arguments)
        wrong = [one for one in config if not re.match(r"--config(\.[\w.]+)?=", one)]
        if config and not self.settings:
            self.error(f"{config[0]} is no flag: there is no run here that has settings")
        if wrong:
            self.error(f"{wrong[0]} is neither a flag nor --config.KEY=VALUE")
        given = sys.argv[1:] if arguments is None else arguments
        asked.config, asked.made = config, provenance(self.module, [public(one) for one in given])
        return asked


def public(text: str) -> str:
    """A command or setting without the folders of this machine: npz:/data/a.npz -> npz:a.npz."""
    return re.sub(r"(npz:|npy:|folder:|=|^)/\S*/", r"\1", text)


def publish(asked: argparse.Namespace, figures: Mapping[str, Any]) -> None:
    """Writes figures, and what they were measured with, to `--results`, if that is given."""
    if asked.results:
        write_json(asked.results, asked.made | figures)


def show(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Prints a table; floats get two digits behind the point, whole numbers commas."""

    def cell(value: Any) -> str:
        if isinstance(value, float):
            return f"{value:,.2f}"
        return f"{value:,}" if isinstance(value, int) else str(value)

    print(markdown_table(header, [[cell(one) for one in row] for row in rows]), flush=True)


@contextlib.contextmanager
def workplace(asked: argparse.Namespace, *defaults: str) -> Iterator[tuple[Path, list[str]]]:
    """A folder to run in, `--folder` where that is kept, and the flags of the run.

    Args:
        asked: from `CommandLine.read`.
        defaults: flags that those given come after; with `--smoke`, those of a small run are in their place.
    """
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(vars(asked).get("folder") or temporary).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        flags = [*(small_flags(folder) if asked.smoke else defaults), *asked.config]
        *_, file = [one for one in flags if one.startswith("--config=")]
        yield folder, [file, *(one for one in flags if not one.startswith("--config="))]


def environment(asked: argparse.Namespace, num_devices: int) -> dict[str, str]:
    """Variables for processes with so many virtual devices."""
    quick = {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1"} if asked.smoke else {}
    return quick | {"XLA_FLAGS": f"--xla_force_host_platform_device_count={num_devices}"}


def small_flags(folder: Path, num_tasks: int = 2) -> list[str]:
    """A small experiment; its images, which `folder` gets, are grey noise around a level of the class."""
    rng = np.random.default_rng(0)

    def split(per_class: int) -> tuple[np.ndarray, np.ndarray]:
        label = np.arange(num_tasks * CLASSES_PER_TASK * per_class) // per_class
        level = label * 190 // label.max()
        noise = rng.integers(0, 60, (len(label), SIDE, SIDE, 1))
        return (level[:, None, None, None] + noise).astype(np.uint8), label

    (x_train, y_train), (x_test, y_test) = split(IMAGES), split(IMAGES // 4)
    data = folder / "images.npz"
    np.savez(data, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    settings = SMALL | {"dataset": f"npz:{data}", "num_tasks": num_tasks}
    return [QUICKSTART, *(f"--config.{key}={value}" for key, value in settings.items())]


def in_turn(things: Mapping[str, Callable[[], Any]], rounds: int) -> list[dict[str, float]]:
    """Seconds that each thing takes, in rounds over all of them, after one round that is not counted.

    Other work on the machine then slows down all of them; compare within rounds.
    """

    def seconds(thing: Callable[[], Any]) -> float:
        began = time.perf_counter()
        jax.block_until_ready(thing())
        return time.perf_counter() - began

    measured = [{name: seconds(thing) for name, thing in things.items()} for _ in range(rounds + 1)]
    return measured[1:]


def median(rounds: Rounds, figure: Callable[[Mapping[str, float]], float]) -> float:
    """The median over rounds of a figure of each, such as a ratio: not a ratio of medians."""
    return statistics.median(map(figure, rounds))
