"""Runs one experiment: `python -m experiments.launch [--config=FILE.py] [--workdir=DIR] [--config.key=value ...]`."""

import os

# On CPU, four virtual devices train about twice as fast as one; other platforms ignore the flag. It must be set
# before JAX starts.
os.environ.setdefault("XLA_FLAGS", "--xla_force_host_platform_device_count=4")

import sys
from pathlib import Path

from absl import app, flags, logging
from ml_collections import config_flags

from braincl_jax.build import build_stream
from braincl_jax.config import from_mapping
from braincl_jax.runtime.checkpoint import Checkpointing
from braincl_jax.runtime.console import format_summary
from braincl_jax.runtime.interrupt import EXIT_INTERRUPTED, Interrupted
from braincl_jax.runtime.loop import run_sequence

CONFIGS = Path(__file__).parent / "configs"
_CONFIG = config_flags.DEFINE_config_file(
    "config", str(CONFIGS / "quickstart.py"), "Experiment; see experiments/configs."
)
_WORKDIR = flags.DEFINE_string(
    "workdir", None, "Where results go; by default runs/CONFIG-METHOD-seedN in the current folder."
)
_RESTART = flags.DEFINE_boolean(
    "restart", False, "Delete the run in the work directory and start anew, instead of going on."
)
_FORK_FROM = flags.DEFINE_string(
    "fork_from", None, "Begin with the newest checkpoint of the run in this other work directory."
)
_CHECKPOINT_STEPS = flags.DEFINE_integer(
    "checkpoint_steps",
    Checkpointing.every_steps,
    "Steps from one checkpoint to the next, beside those at the end of each phase; 0: off.",
)
_CHECKPOINT_MINUTES = flags.DEFINE_float(
    "checkpoint_minutes", Checkpointing.every_minutes, "Minutes from one to the next; 0: off."
)
_KEEP_CHECKPOINTS = flags.DEFINE_integer(
    "keep_checkpoints", Checkpointing.keep, "How many checkpoints stay, the newest."
)


def main(argv: list[str]) -> int:
    if len(argv) > 1:
        raise app.UsageError(f"unexpected arguments: {' '.join(argv[1:])}")
    logging.set_verbosity(logging.WARNING)  # JAX and Orbax tell much
    config = from_mapping(_CONFIG.value.to_dict())
    experiment = Path(config_flags.get_config_filename(flags.FLAGS["config"])).stem
    workdir = Path(_WORKDIR.value or f"runs/{experiment}-{config.method}-seed{config.seed}")
    checkpointing = Checkpointing(
        _CHECKPOINT_STEPS.value, _CHECKPOINT_MINUTES.value, _KEEP_CHECKPOINTS.value
    )
    try:
        summary = run_sequence(
            config,
            build_stream(config),
            workdir,
            checkpointing=checkpointing,
            restart=_RESTART.value,
            fork_from=Path(_FORK_FROM.value) if _FORK_FROM.value else None,
        )
    except Interrupted as interruption:
        print(
            f"{interruption}\nthe same command (without --restart) goes on from there",
            file=sys.stderr,
        )
        return EXIT_INTERRUPTED
    print(format_summary(summary, workdir))
    return 0


if __name__ == "__main__":
    app.run(main)
