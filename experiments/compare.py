"""Compares methods or variants in one harness: same config, several seeds, one table.

    python -m experiments.compare --variant=braincl --variant=replay_raw --seeds=0,1,2
    python -m experiments.compare --variant='no wake:wake.epochs=0' --variant='large:codec.width=32,codec.steps=900'

A variant is a method name, or NAME:KEY=VALUE[,KEY=VALUE...] with settings of its own on top of the config; a value may
be a part with settings of its own, as in 'no flip:sleep.augmentation=crop_flip_noise(flip=False, noise=9.0)'. Flags
`--config.key=value` behind `--` hold for all runs, and so do `--plugins`, whose methods and figures are known here too.
Each run is a process of its own that anyone can repeat: its command is stored beside its figures. A run that the work
directory holds already, of the same command and commit, is not done again, and goes on if it was interrupted.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from absl import flags

from braincl_jax.registry import METHODS, import_plugins
from braincl_jax.report.comparison import comparison_table, write_comparison
from braincl_jax.runtime.interrupt import EXIT_INTERRUPTED, stop_on_signals
from braincl_jax.runtime.log import write_json
from experiments import entry
from experiments.provenance import current_commit, provenance

_CONFIG = flags.DEFINE_string(
    "config", "quickstart", "Config that all runs share: a file, or a packaged one by its name."
)
_VARIANTS = flags.DEFINE_multi_string(
    "variant",
    ["braincl", "replay_raw", "finetune", "joint"],
    "Method name, or NAME:KEY=VALUE,...; repeat the flag for more.",
)
_SEEDS = flags.DEFINE_list("seeds", ["0", "1", "2"], "Seeds, separated by commas.")
_WORKDIR = flags.DEFINE_string("workdir", "runs/compare", "Holds one folder for each run.")
_PLUGINS = flags.DEFINE_list(
    "plugins", [], "Modules that register parts of your own, separated by commas."
)
_RESULTS = flags.DEFINE_string(
    "results", None, "JSON file for the summaries; WORKDIR/results.json by default."
)


def parse_variant(text: str) -> tuple[str, list[str]]:
    """'NAME:a=1,b=2' -> NAME and its launch flags; a bare NAME is a method.

    Raises:
        ValueError: neither a method nor settings.
    """
    name, _, settings = text.partition(":")
    if not settings:
        if name not in METHODS.names():
            raise ValueError(
                f"variant {text!r} is neither a method ({', '.join(METHODS.names())}) nor NAME:KEY=VALUE"
            )
        return name, [f"--config.method={name}"]
    pairs = split_settings(settings)
    if not all("=" in pair for pair in pairs):
        raise ValueError(f"variant {text!r}: settings must be KEY=VALUE, separated by commas")
    return name, [f"--config.{pair}" for pair in pairs]


def split_settings(text: str) -> list[str]:
    """'a=1,b=part(x=2, y=3)' -> ['a=1', 'b=part(x=2, y=3)']: commas inside brackets belong to a value."""
    parts, depth = [""], 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


def run(
    name: str,
    own_flags: list[str],
    seed: str,
    common_flags: list[str],
    *,
    config: str,
    workdir: Path,
) -> dict[str, Any]:
    """One run in a process of its own; returns its summary with name, command, commit and hardware."""
    arguments = [f"--config={config}", *common_flags, *own_flags, f"--config.seed={seed}"]
    made = provenance("experiments.launch", arguments)
    workdir = workdir / f"{Path(config).stem}-{name.replace(' ', '_')}-seed{seed}"
    # Holds `made` from the start, so that an interrupted run is known, and the summary at the end.
    done = workdir / "results.json"
    summary = json.loads(done.read_text()) if done.exists() else {}
    same = summary.items() >= made.items()
    if same and "method" in summary:
        return summary
    print(f"== {name}, seed {seed}", flush=True)
    workdir.mkdir(parents=True, exist_ok=True)
    write_json(done, made)
    launch = [sys.executable, "-m", "experiments.launch", *arguments]
    restart = [] if same else ["--restart"]
    subprocess.run([*launch, *restart, f"--workdir={workdir}"], check=True)
    summary = json.loads((workdir / "summary.json").read_text()) | {"method": name} | made
    if current_commit() != made["commit"]:
        summary["commit"] += "+"
    write_json(done, summary)
    return summary


def main(argv: list[str]) -> int:
    import_plugins(_PLUGINS.value)
    variants = [parse_variant(text) for text in _VARIANTS.value]
    workdir = Path(_WORKDIR.value)
    common = [f"--config.plugins={tuple(_PLUGINS.value)}"] if _PLUGINS.value else []
    summaries = []
    # Ctrl-C reaches the run as well, which needs a moment to save itself.
    with stop_on_signals() as stop:
        for name, own_flags in variants:
            for seed in _SEEDS.value:
                try:
                    done = run(
                        name,
                        own_flags,
                        seed,
                        [*common, *argv[1:]],
                        config=_CONFIG.value,
                        workdir=workdir,
                    )
                except subprocess.CalledProcessError as error:
                    return error.returncode
                summaries.append(done)
                if stop.asked:
                    return EXIT_INTERRUPTED
    results = Path(_RESULTS.value or workdir / "results.json")
    write_json(results, summaries)
    page = write_comparison(workdir, summaries)
    print(f"\n{comparison_table(summaries)}\n\nfigures are in {results}, plots in {page}")
    return 0


if __name__ == "__main__":
    entry.run(main)
