"""The sections of `experiments.benchmarks.memory`: what is trained for them, measured and printed."""

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from braincl_jax.build import build_stream
from braincl_jax.config import Config, from_mapping
from braincl_jax.data import TaskStream
from braincl_jax.report.tables import markdown_table
from experiments.benchmarks import bits, rate, timing
from experiments.benchmarks.image_codecs import Curve, curve, image_codecs, mosaic_curve
from experiments.benchmarks.memory_report import (
    at_equal_bytes,
    class_table,
    decoder_table,
    rate_table,
    refinement_table,
)
from experiments.configs import quickstart

# Coders too slow to be tried on mosaics.
NO_MOSAIC = ("JPEG XL",)
# Latents as large as those of 224x224 images.
LARGE_CUES = ((14, 14, 192), (28, 28, 64))
# Enough to fill a memory with strings: how good they are does not matter for the time that they take.
SHORT_TRAINING = {"first_steps": 200, "steps": 100}
# Ways to keep decoders, as settings of the codec. A trunk that is stored once may be wider.
DECODERS: dict[str, dict[str, Any]] = {
    "int8": {"storage": "int8", "shared_trunk": False, "width": 24},
    "bfloat16": {"storage": "bfloat16", "shared_trunk": False, "width": 24},
    "shared trunk": {"storage": "int8", "shared_trunk": True, "width": 24},
    "shared trunk, twice as wide": {"storage": "int8", "shared_trunk": True, "width": 48},
}


class Asked(NamedTuple):
    """What is to be measured.

    Attributes:
        budgets: bytes per image, all told, with one task for all classes.
        tasks_at: budgets that are also spent on `config.num_tasks` tasks.
        main: the budget for refinement, class tables, rans and speed.
        refine_epochs: to be compared with none.
        rounds: of measuring time.
        decoder_tasks: numbers of tasks for which ways to keep decoders are compared.
        seeds: of each of these ways, 0, 1, ...
    """

    budgets: tuple[float, ...]
    tasks_at: tuple[float, ...]
    main: float
    refine_epochs: int
    rounds: int
    decoder_tasks: tuple[int, ...]
    seeds: int


class Bench:
    """Trains what the sections ask for, each once."""

    def __init__(self, config: Config, asked: Asked) -> None:
        self.config, self.asked = config, asked
        self.stream = functools.cache(self._stream)
        self.learned = functools.cache(self._learned)

    def _with_tasks(self, num_tasks: int) -> Config:
        """The same classes in so many tasks."""
        classes = self.config.num_tasks * self.config.classes_per_task
        return dataclasses.replace(
            self.config, num_tasks=num_tasks, classes_per_task=classes // num_tasks
        )

    def _stream(self, num_tasks: int) -> TaskStream:
        return build_stream(self._with_tasks(num_tasks))

    def _learned(
        self, num_tasks: int, bytes_per_image: float, refine_epochs: int = 0, steps: int = 0
    ) -> rate.Learned:
        """A memory at a budget; `steps` of the first task in place of the config's where given."""
        stream, codec = self.stream(num_tasks), self.config.codec
        config = dataclasses.replace(
            self._with_tasks(num_tasks),
            budget_bytes=round(bytes_per_image * stream.spec.num_images),
            codec=dataclasses.replace(
                codec, refine_epochs=refine_epochs, first_steps=steps or codec.first_steps
            ),
        )
        print(
            f"training: {num_tasks} task(s), {bytes_per_image:g} bytes per image, "
            f"{config.codec.first_steps} steps first, {refine_epochs} epochs of refinement",
            flush=True,
        )
        return rate.learn(config, stream)


def measure_rate(bench: Bench) -> dict[str, Any]:
    """Our points, the curves of image codecs, refinement, and tables of classes."""
    budgets, main = bench.asked.budgets, bench.asked.main
    tasks = bench.config.num_tasks
    ours = {
        "one task": [bench.learned(1, one) for one in budgets],
        f"{tasks} tasks": [bench.learned(tasks, one) for one in bench.asked.tasks_at],
    }
    plain, refined = bench.learned(1, main), bench.learned(1, main, bench.asked.refine_epochs)
    refinement = refined.seconds["refine"] / refined.seconds["encode"]
    first_steps = bench.config.codec.first_steps
    longer = bench.learned(1, main, 0, round(first_steps * (1 + refinement)))
    ours |= {"refined": [refined], "trained as long as refined": [longer]}
    points = {name: [rate.rate_point(one) for one in many] for name, many in ours.items()}

    stream = bench.stream(1)
    labels = stream.train_labels(0)
    images = stream.train_images(0, np.arange(len(labels)))
    curves = []
    for codec in image_codecs(images.shape[-1]):
        print(f"coding: {codec.name}", flush=True)
        curves.append(curve(images, codec, budgets))
        if codec.name not in NO_MOSAIC:
            curves.append(mosaic_curve(images, labels, codec))
    classes = {
        name: bits.class_tables(one, bits.where_bits_go(one))
        for name, one in (
            ("one task", plain),
            *((f"{tasks} tasks", x) for x in ours[f"{tasks} tasks"][:1]),
        )
    }
    raw = images[0].size + 1
    print("\nPSNR (dB), mean of images; in brackets: ours with one task minus it\n")
    print(rate_table(points, curves, budgets, "psnr_db"))
    print("\nPSNR (dB) of the mean squared error\n")
    print(rate_table(points, curves, budgets, "psnr_of_mse_db"))
    print(
        "\nMosaics hold all images of a class in one stream: none can be read without the others. "
        "Raw images take "
        f"{raw:,} bytes: of them {', '.join(f'{one / raw:.1%}' for one in budgets)} could be kept."
    )
    print("\nRefinement, in turn: without, with, and trained as long without\n")
    print(refinement_table([rate.rate_point(one) for one in (plain, refined, longer)]))
    print("\nA table for each class in place of one for each task (bytes per image)\n")
    print(class_table(classes))
    return {
        "dataset": bench.config.dataset,
        "images": len(images),
        "ours": points,
        "others": others(curves),
        "raw_bytes_per_image": raw,
        "at_equal_bytes": at_equal_bytes(points, curves, budgets),
        "class_tables": classes,
    }


def others(curves: Sequence[Curve]) -> dict[str, Any]:
    """The curves of image codecs as plain values."""
    return {
        one.name: {
            "images": one.images,
            "headers_counted_once": [point._asdict() for point in one.shared],
            "whole_files": [point._asdict() for point in one.whole],
        }
        for one in curves
    }


def measure_rans(bench: Bench) -> dict[str, Any]:
    """What coding adds to the information content: in our strings, and in those of large cues."""
    loss = bits.coder_loss(bits.where_bits_go(bench.learned(1, bench.asked.main)))
    large = [bits.large_cue_loss(shape) for shape in LARGE_CUES]
    over = {
        name: (loss[f"over_{name}_bytes"], loss[f"over_{name}_percent"])
        for name in ("table", "density")
    }
    print(
        f"\nA string has {loss['string_bytes']:.2f} bytes, which is more than its information content\n"
    )
    rows = [[name, f"{lost:.2f}", f"{percent:.2f} %"] for name, (lost, percent) in over.items()]
    print(markdown_table(["under the", "bytes more", "percent more"], rows))
    print(
        f"\nWithout context its symbols would have {loss['without_context_bytes']:.2f} bytes of information at least; "
        f"context saves {loss['context_saves_percent']:.1f} %"
    )
    print("\nCues as large as those of 224x224 images\n")
    names = ("bits_per_letter", "string_bytes", "overhead_percent", "overhead_with_index_percent")
    rows = [
        ["x".join(map(str, one["latent_shape"])), *(f"{one[name]:.2f}" for name in names)]
        for one in large
    ]
    print(markdown_table(["latents", *(name.replace("_", " ") for name in names)], rows))
    return {"dataset": bench.config.dataset, "strings": loss, "large_cues": large}


def measure_speed(bench: Bench) -> dict[str, Any]:
    """Images and symbols per second."""
    figures = timing.throughput(bench.learned(1, bench.asked.main), rounds=bench.asked.rounds)
    rows = [
        [name, f"{images:,.0f}", f"{figures['symbols_per_second'][name] / 1e6:.2f}"]
        for name, images in figures["images_per_second"].items()
    ]
    print(
        f"\nSpeed, {figures['batch']} images at a time, {figures['symbols_per_image']} symbols each\n"
    )
    print(markdown_table(["", "images/s", "million symbols/s"], rows))
    for name, ratio in figures["strings_to_cues_over_host"].items():
        print(f"\nstrings to cues: {ratio:.2f} times the speed of {name}")
    return {"dataset": bench.config.dataset} | figures


def measure_share(bench: Bench) -> dict[str, Any]:
    """What recalling and rANS take of a replay step of the quickstart, on one device and on all."""
    config = from_mapping(quickstart.get_config().to_dict())
    config = dataclasses.replace(config, codec=dataclasses.replace(config.codec, **SHORT_TRAINING))
    learned = rate.learn(config, build_stream(config))
    counts = sorted({1, len(jax.local_devices())})
    shares = [
        timing.replay_shares(learned, num_devices=one, rounds=bench.asked.rounds) for one in counts
    ]
    rows = [
        [
            f"{one['devices']} device(s)",
            *(f"{value:.2f}" for value in one["milliseconds"].values()),
            f"{one['recall_percent']:.1f} %",
            f"{one['rans_percent']:.1f} %",
        ]
        for one in shares
    ]
    print("\nShares of a replay step of the quickstart (targets: recall <= 20 %, rANS <= 3 %)\n")
    times = [f"{name} (ms)" for name in shares[0]["milliseconds"]]
    header = ["", *times, "recall", "rANS"]
    print(markdown_table(header, rows))
    return {"batch": config.sleep.batch_size, "shares": shares}


def measure_decoders(bench: Bench) -> dict[str, Any]:
    """PSNR at the quickstart's bytes, all told, by how decoders are kept, for its classes in more and fewer tasks."""
    config = from_mapping(quickstart.get_config().to_dict())
    points = {}
    for tasks in bench.asked.decoder_tasks:
        split = dataclasses.replace(config, num_tasks=tasks)
        stream, points[f"{tasks} tasks"] = build_stream(split), {}
        for name, codec in DECODERS.items():
            print(f"training: {name}, {tasks} tasks", flush=True)
            points[f"{tasks} tasks"][name] = [
                rate.decoder_point(dataclasses.replace(split, seed=seed), stream, **codec)
                for seed in range(bench.asked.seeds)
            ]
    print(f"\n{config.budget_bytes:,} bytes, all told; seeds 0..{bench.asked.seeds - 1}\n")
    print(decoder_table(points))
    return {"dataset": config.dataset, "budget_bytes": config.budget_bytes, "points": points}


MEASURES = {
    "rate": measure_rate,
    "rans": measure_rans,
    "speed": measure_speed,
    "share": measure_share,
    "decoders": measure_decoders,
}
