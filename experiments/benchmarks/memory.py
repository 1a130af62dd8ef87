"""What the memory is worth: rate-distortion beside image codecs, bits lost, speed, and its share of a replay step.

Command:   python -m experiments.benchmarks.memory --config.dataset=npz:cifar100.npz
Takes:     about 25 minutes on 2 CPU cores, most of it for training codecs.
Expect:    see experiments/results/memory.json.

Sections of --what:
  rate   PSNR of our recalls at equal bytes, all told, beside JPEG, WebP, AVIF and JPEG XL; refinement; class tables
  rans   what strings weigh beyond their information content
  speed  images and symbols per second, beside the package constriction on the host
  share  what recalling and rANS take of a replay step (always with the quickstart's settings)
  decoders  PSNR by how decoders are kept, at equal bytes, all told (the same)

AVIF and JPEG XL depend on how Pillow was built (pip install pillow-jxl-plugin); what is missing is left out.
"""

import json
import os
from pathlib import Path

import jax
from absl import app, flags
from ml_collections import ConfigDict, config_flags

from braincl_jax.config import Config, from_mapping
from braincl_jax.runtime.log import write_json
from experiments.benchmarks.memory_report import provenance, public, write_plot
from experiments.benchmarks.memory_sections import MEASURES, Asked, Bench
from experiments.configs import cifar100_20


def default_config() -> ConfigDict:
    """The codec of cifar100_20 on the embedded images, 10 classes in 5 tasks or in one."""
    config = cifar100_20.get_config()
    config.update({"dataset": Config().dataset, "num_tasks": 5, "classes_per_task": 2})
    return config


_CONFIG = config_flags.DEFINE_config_dict(
    "config", default_config(), "Data, tasks and codec; any setting is a flag."
)
_WHAT = flags.DEFINE_list("what", list(MEASURES), "Sections to measure, separated by commas.")
_BYTES = flags.DEFINE_list(
    "bytes_per_image", ["50", "100", "150", "250"], "Budgets, all told, with one task for all."
)
_TASKS_AT = flags.DEFINE_list(
    "tasks_at", ["150"], "Budgets that are also spent on config.num_tasks tasks."
)
_MAIN = flags.DEFINE_float(
    "main_bytes", 150, "Budget for refinement, class tables, rans and speed."
)
_EPOCHS = flags.DEFINE_integer("refine_epochs", 10, "Epochs of refinement to compare with none.")
_ROUNDS = flags.DEFINE_integer("rounds", 30, "Rounds of measuring time.")
_DECODER_TASKS = flags.DEFINE_list(
    "decoder_tasks", ["5", "10"], "Numbers of tasks for which ways to keep decoders are compared."
)
_SEEDS = flags.DEFINE_integer("seeds", 1, "Seeds of each of these ways.")
_RESULTS = flags.DEFINE_string(
    "results", None, "JSON file for the figures; other sections in it stay."
)
_PLOT = flags.DEFINE_string("plot", None, "PNG for the plot of rate and distortion.")


def main(argv: list[str]) -> None:
    if len(argv) > 1:
        raise app.UsageError(f"unexpected arguments: {' '.join(argv[1:])}")
    unknown = set(_WHAT.value) - set(MEASURES)
    if unknown:
        raise app.UsageError(f"--what: {', '.join(unknown)} is none of {', '.join(MEASURES)}")
    asked = Asked(
        budgets=tuple(map(float, _BYTES.value)),
        tasks_at=tuple(map(float, _TASKS_AT.value)),
        main=_MAIN.value,
        refine_epochs=_EPOCHS.value,
        rounds=_ROUNDS.value,
        decoder_tasks=tuple(map(int, _DECODER_TASKS.value)),
        seeds=_SEEDS.value,
    )
    bench, made = Bench(from_mapping(_CONFIG.value.to_dict()), asked), provenance()
    for name in _WHAT.value:
        figures = made | MEASURES[name](bench)
        if "dataset" in figures:
            figures["dataset"] = public(figures["dataset"])
        if _RESULTS.value:
            path = Path(_RESULTS.value)
            others = json.loads(path.read_text()) if path.exists() else {}
            write_json(path, others | {name: figures})
        if _PLOT.value and name == "rate":
            write_plot(Path(_PLOT.value), figures)


if __name__ == "__main__":
    # On CPU, four virtual devices train about twice as fast as one.
    if "xla_force_host_platform_device_count" not in os.environ.get("XLA_FLAGS", ""):
        jax.config.update("jax_num_cpu_devices", 4)
    app.run(main)
