"""Runs one experiment: `python -m experiments.launch [--config=FILE.py] [--workdir=DIR] [--config.key=value ...]`."""

import os

# On CPU, four virtual devices train about twice as fast as one; other platforms ignore the flag. It must be set
# before JAX starts.
os.environ.setdefault("XLA_FLAGS", "--xla_force_host_platform_device_count=4")

from pathlib import Path

from absl import app, flags
from ml_collections import config_flags

from braincl_jax.build import build_stream
from braincl_jax.config import from_mapping
from braincl_jax.runtime.console import format_summary
from braincl_jax.runtime.loop import run_sequence

CONFIGS = Path(__file__).parent / "configs"
_CONFIG = config_flags.DEFINE_config_file(
    "config", str(CONFIGS / "quickstart.py"), "Experiment; see experiments/configs."
)
_WORKDIR = flags.DEFINE_string(
    "workdir", None, "Where results go; by default runs/CONFIG-METHOD-seedN in the current folder."
)


def main(argv: list[str]) -> None:
    if len(argv) > 1:
        raise app.UsageError(f"unexpected arguments: {' '.join(argv[1:])}")
    config = from_mapping(_CONFIG.value.to_dict())
    experiment = Path(config_flags.get_config_filename(flags.FLAGS["config"])).stem
    workdir = Path(_WORKDIR.value or f"runs/{experiment}-{config.method}-seed{config.seed}")
    summary = run_sequence(config, build_stream(config), workdir)
    print(format_summary(summary, workdir))


if __name__ == "__main__":
    app.run(main)
