"""Compares methods or variants in one harness: same config, several seeds, one table.

    python -m experiments.compare --variant=braincl --variant=replay_raw --seeds=0,1,2
    python -m experiments.compare --variant='no wake:wake.epochs=0' --variant='large:codec.width=32,codec.steps=900'

A variant is a method name, or NAME:KEY=VALUE[,KEY=VALUE...] with settings of its own on top of the config; a value may
be a part with settings of its own, as in 'no flip:sleep.augmentation=crop_flip_noise(flip=False, noise=9.0)'. Flags
`--config.key=value` behind `--` hold for all runs, and so do `--plugins`, whose methods and figures are known here too.

Every variant is run with every seed, under every budget of `--budget_bytes` and every cap of `--max_flops` and
`--max_examples`: several values, separated by commas.

The whole grid is checked before anything is trained. Each run is a process of its own, in a folder that is named after
its settings, data, plugins and the code: a finished one is never done again and never deleted, one that was interrupted
goes on, and with other code or settings there is another folder beside it. `--jobs` is how many there are at a time.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import jax
from absl import flags

from braincl_jax.report.comparison import comparison_table, write_comparison
from braincl_jax.report.tables import markdown_table
from braincl_jax.runtime.interrupt import EXIT_INTERRUPTED, stop_on_signals
from braincl_jax.runtime.log import write_json
from experiments import entry, plugins
from experiments.dry_run import show_forecasts
from experiments.grid import Run, cross, parse_seeds, parse_variant, plan_grid
from experiments.side_by_side import launch_all

_CONFIG = flags.DEFINE_string(
    "config", "quickstart", "Config that all runs share: a file, or a packaged one by its name."
)
_VARIANTS = flags.DEFINE_multi_string(
    "variant",
    ["braincl", "replay_raw", "finetune", "joint"],
    "Method name, or NAME:KEY=VALUE,...; repeat the flag for more.",
)
_SEEDS = flags.DEFINE_list("seeds", ["0", "1", "2"], "Seeds, separated by commas.")
_BUDGETS = flags.DEFINE_list(
    "budget_bytes", [], "Budgets of the memory; those of the config if empty."
)
_MAX_FLOPS = flags.DEFINE_list(
    "max_flops", [], "Caps on the floating-point operations of a run; 0 is no cap."
)
_MAX_EXAMPLES = flags.DEFINE_list(
    "max_examples", [], "Caps on the training examples that a run shows; 0 is no cap."
)
_WORKDIR = flags.DEFINE_string("workdir", "runs/compare", "Holds one folder for each run.")
flags.adopt_module_key_flags(plugins)
_RESULTS = flags.DEFINE_string(
    "results", None, "JSON file for the summaries; WORKDIR/results.json by default."
)
_JOBS = flags.DEFINE_integer(
    "jobs",
    1,
    "Runs at a time, such as small networks that share an accelerator; what they print goes into FOLDER.log.",
    lower_bound=1,
)
_DRY_RUN = flags.DEFINE_boolean(
    "dry_run", False, "Say which runs there are and what they would take; nothing is trained."
)


def show_grid(runs: Sequence[Run]) -> None:
    """Prints each run, how far it is, and its folder."""
    rows = [[run.label, str(run.seed), run.progress, str(run.folder)] for run in runs]
    print(markdown_table(["variant", "seed", "", "folder"], rows), flush=True)


def main(argv: list[str]) -> int:
    # The runs are processes of their own and want the accelerators for themselves.
    jax.config.update("jax_platforms", "cpu")
    modules = plugins.imported()
    workdir = Path(_WORKDIR.value)
    common = [f"--config.plugins={modules}"] if modules else []
    runs = plan_grid(
        [parse_variant(text) for text in _VARIANTS.value],
        parse_seeds(_SEEDS.value),
        config=_CONFIG.value,
        common=[*common, *argv[1:]],
        workdir=workdir,
        conditions=cross(
            budget_bytes=_BUDGETS.value,
            max_flops=_MAX_FLOPS.value,
            max_examples=_MAX_EXAMPLES.value,
        ),
    )
    show_grid(runs)
    if _DRY_RUN.value:
        show_forecasts(runs)
        return 0
    with stop_on_signals() as stop:
        failed = launch_all(runs, stop, _JOBS.value)
    if stop.asked:
        print("interrupted; the same command goes on", file=sys.stderr)
        return EXIT_INTERRUPTED
    summaries = [summary for run in runs if (summary := run.summary) is not None]
    if summaries:
        results = Path(_RESULTS.value or workdir / "results.json")
        write_json(results, summaries)
        page = write_comparison(workdir, summaries)
        print(f"\n{comparison_table(summaries)}\n\nfigures are in {results}, plots in {page}")
        print(f"all of it as one page: {page.with_suffix('.html')}")
    for run in failed:
        print(f"failed: {run.label}, seed {run.seed}, in {run.folder}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    entry.run(main)
