"""How well the memory recalls at so many bytes, all told, beside JPEG, WebP, AVIF and JPEG XL.

Command:   python -m experiments.benchmarks.rate --config.dataset=npz:cifar100.npz --config.codec.first_steps=6000
Takes:     about 25 minutes on 2 CPU cores, most of it for training codecs.
Expect:    a PSNR about level with AVIF whose headers count once and whose files are not to be told apart, and above the
           others; see docs/memory.md.

All images are learned in one task; decoder, table, labels and index count. AVIF and JPEG XL depend on how Pillow was
built (pip install pillow-jxl-plugin); what is missing is left out.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from braincl_jax.build import build_stream
from braincl_jax.config import Config
from braincl_jax.evaluators.metrics import psnr
from braincl_jax.memory.recall import recall_slots
from braincl_jax.parts import recall
from braincl_jax.report.style import COLOURS, blank_axes
from braincl_jax.report.tables import number
from braincl_jax.runtime.processes import use_virtual_devices
from experiments.arguments import read_config
from experiments.benchmarks import harness
from experiments.benchmarks.image_codecs import Line, image_codecs, interpolate, lines
from experiments.benchmarks.learned import Learned, learn

# The codec of cifar100_20, and 10 classes in one task; of the embedded images, unless others are given.
PHOTOGRAPHS = (
    "--config=experiments/configs/cifar100_20.py",
    f"--config.dataset={Config().dataset}",
    "--config.num_tasks=1",
    "--config.classes_per_task=10",
)
OURS = "ours"
# Images that image codecs are tried on: AVIF and JPEG XL take milliseconds for each.
SAMPLE = 500
LINE_STYLES = {"once": "-", "image": ":", "class": "--"}


def at_rate(config: Config, bytes_per_image: float) -> Config:
    """The same settings with a budget of so many bytes an image."""
    budget = round(bytes_per_image * build_stream(config).spec.num_images)
    return dataclasses.replace(config, budget_bytes=budget, bytes_per_class=0)


def point(learned: Learned) -> dict[str, Any]:
    """Bytes, all told, and how close to the images they are recalled."""
    bill, values = learned.method.bill(learned.state), []
    compiled = jax.jit(lambda memory, task, slot: recall(learned.layout, memory, task, slot))
    for task in range(learned.stream.spec.num_tasks):
        slots = learned.slots(task)
        original = learned.images(task)[0][learned.sources[slots, 1]]
        values.append(psnr(original, recall_slots(compiled, learned.state.memory, task, slots)))
    return {
        "bytes_per_image": sum(bill.values()) / learned.stream.spec.num_images,
        "psnr_db": float(np.concatenate(values).mean()),
        "stored": len(learned.sources),
        "images": learned.stream.spec.num_images,
        "memory_bytes": bill,
    }


def measure(config: Config, budgets: Sequence[float]) -> tuple[dict[str, Line], list[dict]]:
    """Lines (bytes an image, mean PSNR in dB) of our memory and of image codecs, and what is behind our points.

    Args:
        config: data and codec.
        budgets: bytes an image, all told; at least one.
    """
    ours, learned = [], None
    for one in budgets:
        print(f"training: {one:g} bytes an image", flush=True)
        learned = learn(at_rate(config, one))
        ours.append(point(learned))
    assert learned is not None
    found = {OURS: [(one["bytes_per_image"], one["psnr_db"]) for one in ours]}
    images, label = learned.images(0)
    for codec in image_codecs(images.shape[-1]):
        print(f"coding: {codec.name}", flush=True)
        found |= lines(images, label, codec, SAMPLE)
    return found, ours


def at_equal_bytes(found: Mapping[str, Line], budgets: Sequence[float]) -> dict[str, list[str]]:
    """PSNR of each line at each budget, as text; of our own points, those that are there."""
    table = {}
    for name, line in found.items():
        measured = {round(size): db for size, db in line}
        at = measured.get if name == OURS else lambda x, line=line: interpolate(line, x)
        table[name] = [number(at(round(budget)), ".2f") for budget in budgets]
    return table


def plot(path: Path, found: Mapping[str, Line]) -> None:
    """Mean PSNR over bytes an image: ours with points, each image codec in a colour of its own."""
    figure, axes = blank_axes(8, 5, "Rate and distortion")
    most = 1.15 * max(size for size, _ in found[OURS])
    shown = [db for _, db in found[OURS]]
    codecs = list(dict.fromkeys(name.partition(",")[0] for name in found))
    for name, line in found.items():
        if not line or line[0][0] > most:
            continue
        colour = COLOURS[codecs.index(name.partition(",")[0]) % len(COLOURS)]
        style = "o-" if name == OURS else LINE_STYLES[name.split()[-1]]
        axes.plot(*zip(*line, strict=True), style, color=colour, label=name, linewidth=1.3)
    axes.set(xlabel="bytes an image, all told", ylabel="mean PSNR (dB)", xlim=(0, most))
    axes.set_ylim(min(shown) - 4, max(shown) + 4)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, frameon=False)
    figure.savefig(path)


def main(arguments: Sequence[str] | None = None) -> None:
    line = harness.CommandLine("rate", __doc__)
    line.add_argument("--bytes", type=float, nargs="+", default=[50.0, 100.0, 150.0, 250.0])
    line.add_argument("--plot", type=Path, help="PNG to write")
    asked = line.read(arguments)
    use_virtual_devices()
    with harness.workplace(asked, *PHOTOGRAPHS) as (_, flags):
        found, ours = measure(read_config(flags), asked.bytes)
    rows = [[name, *cells] for name, cells in at_equal_bytes(found, asked.bytes).items()]
    harness.show(["PSNR (dB)", *(f"{one:g} bytes" for one in asked.bytes)], rows)
    harness.publish(asked, {"lines": found, "ours": ours})
    if asked.plot:
        plot(asked.plot, found)


if __name__ == "__main__":
    main()
