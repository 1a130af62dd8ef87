"""What reading a batch costs, ours and by grain: `python -m experiments.benchmarks.images` (needs Pillow).

In memory: 50,000 images of 32x32, shuffled, no step. Folder: JPEG files of about 500x375, of which squares of 224
pixels are made as in the published evaluation (shorter side 256). First, by each decoder that is installed, images by
core and second: a plain loop over the decoder, Pillow's `resize` and `crop`, and what a run does; the CPU seconds of
all threads count, so other work on the machine matters little. Then batches beside a step that leaves the cores alone
for as long as a batch takes to read, or half as long again, as one on an accelerator does, and the share of the time in
which the step waits for its batch. Everything is measured in turn, round by round; of the rounds, the fastest counts,
for other work on the machine only ever adds time.
"""

import importlib.util
import os
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from absl import flags

from braincl_jax.data import Dataset, TaskStream, load_source, prepared, read_ahead
from braincl_jax.report.page import markdown_table
from braincl_jax.runtime.provenance import hardware
from experiments import entry

_ROUNDS = flags.DEFINE_integer("rounds", 3, "How often everything is measured.")
IN_MEMORY, FILES, CLASSES, BATCHES, SEED = 50_000, 512, 10, (16, 64), 0
# Of the published evaluation.
SHORT, SIDE = 256, 224

Ways = dict[str, Callable[[], Iterator[Any]]]


class ByElement:
    """Images and labels one by one, as grain reads a source."""

    def __init__(self, data: Dataset):
        self.data = data

    def __len__(self) -> int:
        return len(self.data.train)

    def __getitem__(self, row: int) -> tuple[np.ndarray, int]:
        return self.data.train.take(np.array([row]))[0], self.data.train_labels[row]


def ways_of(data: Dataset, batch_size: int) -> Ways:
    """Ways to an endless stream of shuffled batches; those of grain only where it is installed."""
    stream = TaskStream.create(data, num_tasks=1, class_order_seed=-1)

    def ours(step: int) -> Any:
        return stream.batch_at(0, batch_size=batch_size, step=step, seed=SEED)

    ways: Ways = {
        "ours": lambda: map(ours, count()),
        "ours, one batch ahead": lambda: read_ahead(ours, count(), ahead=1),
        "ours, read ahead": lambda: read_ahead(ours, count()),
    }
    if importlib.util.find_spec("grain") is None:
        return ways
    grain: Any = importlib.import_module("grain")

    def ahead(data_set: Any, threads: int | None, buffered: int) -> Any:
        return data_set.to_iter_dataset(grain.ReadOptions(threads, buffered))

    steps = grain.MapDataset.range(1_000_000)
    rows = grain.MapDataset.range(len(data.train)).seed(SEED).shuffle().repeat().batch(batch_size)
    elements = grain.MapDataset.source(ByElement(data)).seed(SEED).shuffle().repeat()
    threaded = ahead(elements, os.cpu_count(), 2 * batch_size).batch(batch_size)
    return ways | {
        "ours, ahead by grain": lambda: iter(ahead(steps.map(ours), 1, 2)),
        "grain's rows, our take": lambda: (data.train.take(rows[step]) for step in count()),
        "grain, by element": lambda: map(elements.batch(batch_size).__getitem__, count()),
        "grain, by element, threads": lambda: iter(threaded),
    }


def measure(ways: Ways, number: int, step_seconds: float = 0) -> dict[str, float]:
    """Milliseconds from one batch to the next, the step included, by way."""
    fastest = dict.fromkeys(ways, float("inf"))
    for _ in range(_ROUNDS.value):
        for name, start in ways.items():
            batches = start()
            next(batches)
            begin = time.perf_counter()
            for _ in range(number):
                next(batches)
                time.sleep(step_seconds)
            fastest[name] = min(fastest[name], (time.perf_counter() - begin) / number * 1000)
            del batches
    return fastest


def report(title: str, figures: dict[str, float], step_ms: float = 0) -> None:
    rows = [
        (name, f"{ms:.3f}", f"{ms / figures['ours']:.2f}", f"{max(1 - step_ms / ms, 0):.0%}")
        for name, ms in figures.items()
    ]
    print(
        f"\n{title}\n\n{markdown_table(('batches', 'ms', 'of ours', 'waiting'), rows)}", flush=True
    )


def loops() -> dict[str, Callable[[Path], np.ndarray]]:
    """For each decoder that is installed, the shortest way from a file to a square, without checks."""
    image: Any = importlib.import_module("PIL.Image")

    def square(opened: Any) -> np.ndarray:
        short, long = sorted(opened.size)
        other = int(SHORT * long / short)
        size = (other, SHORT) if opened.width > opened.height else (SHORT, other)
        left, top = (round((side - SIDE) / 2) for side in size)
        resized = opened.resize(size, image.Resampling.BILINEAR)
        return np.asarray(resized.crop((left, top, left + SIDE, top + SIDE)))

    found = {"pillow": lambda file: square(image.open(file).convert("RGB"))}
    if importlib.util.find_spec("simplejpeg") is not None:
        decode = importlib.import_module("simplejpeg").decode_jpeg
        found["simplejpeg"] = lambda file: square(image.fromarray(decode(file.read_bytes())))
    return found


def by_core(folder: Path, rounds: int, most: int = FILES) -> dict[str, dict[str, float]]:
    """Images by CPU second, the fastest of the rounds: decoder -> {"plain loop": ..., "ours": ...}.

    Args:
        folder: of a data set of JPEG files.
        rounds: how often everything is measured.
        most: files that are read, of those to train on, evenly spaced among them.
    """
    source, found = load_source(f"folder:{folder}"), sorted(folder.glob("train/*/*"))
    spaced = np.arange(min(most, len(found))) * len(found) // min(most, len(found))
    files = [found[row] for row in spaced]
    fastest: dict[str, dict[str, float]] = {}
    for _ in range(rounds):
        for decoder, loop in loops().items():
            data = prepared(source, image_side=SIDE, resize_side=SHORT, decoder=decoder)
            rows = np.array_split(spaced, -(-len(files) // BATCHES[-1]))
            best = fastest.setdefault(decoder, {})
            for name, work in (
                ("plain loop", lambda loop=loop: deque(map(loop, files), 0)),
                ("ours", lambda data=data, rows=rows: deque(map(data.train.take, rows), 0)),
            ):
                begin = time.process_time()
                work()
                speed = len(files) / (time.process_time() - begin)
                best[name] = max(best.get(name, 0), speed)
    return fastest


def report_by_core(figures: dict[str, dict[str, float]]) -> None:
    rows = [
        (
            decoder,
            *(f"{speed:,.0f}" for speed in found.values()),
            f"{found['ours'] / found['plain loop']:.2f}",
        )
        for decoder, found in figures.items()
    ]
    header = ("decoder", "plain loop", "ours", "of the loop")
    print(
        f"\nJPEG to {SIDE}x{SIDE}, images by core and second\n\n{markdown_table(header, rows)}",
        flush=True,
    )


def write_jpegs(folder: Path, number: int) -> None:
    """Smooth images with some noise, so that they weigh what photographs do, of about 500x375, lying or upright."""
    image: Any = importlib.import_module("PIL.Image")
    rng = np.random.default_rng(SEED)
    for row in range(number):
        size = tuple(rng.permutation([rng.integers(450, 550), rng.integers(335, 415)]).tolist())
        small = image.fromarray(rng.integers(0, 256, (24, 24, 3), np.uint8))
        large = np.asarray(small.resize(size, image.Resampling.BICUBIC)) // 2
        noisy = image.fromarray(large + rng.integers(0, 30, large.shape, np.uint8))
        for split in ("train", "test") if row < CLASSES else ("train",):
            file = folder / split / str(row % CLASSES) / f"{row}.jpg"
            file.parent.mkdir(parents=True, exist_ok=True)
            noisy.save(file, quality=85)


def main(argv: list[str]) -> None:
    entry.no_arguments(argv)
    print(hardware())
    pixels = np.random.default_rng(SEED).integers(0, 256, (IN_MEMORY, 32, 32, 3), np.uint8)
    labels = np.arange(IN_MEMORY) % CLASSES
    small = Dataset.of_arrays(pixels, labels, pixels[:CLASSES], labels[:CLASSES])
    for size in BATCHES:
        report(f"In memory, batches of {size}", measure(ways_of(small, size), 200))
    with tempfile.TemporaryDirectory() as folder:
        write_jpegs(Path(folder), FILES)
        report_by_core(by_core(Path(folder), _ROUNDS.value))
        source = load_source(f"folder:{folder}")
        files = prepared(source, image_side=SIDE, resize_side=SHORT, decoder=list(loops())[-1])
        for size in BATCHES:
            ways = ways_of(files, size)
            bare = measure({"ours": ways["ours"]}, 5)["ours"]
            for step in (0, bare, 1.5 * bare):
                title = f"JPEG, batches of {size}, steps of {step:.0f} ms"
                report(title, measure(ways, 256 // size, step / 1000), step)


if __name__ == "__main__":
    entry.run(main)
