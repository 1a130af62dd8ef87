"""Runs one experiment: `python -m experiments.launch [--config=FILE.py] [--workdir=DIR] [--config.key=value ...]`.

As one of several processes, each with devices of its own: the same command in each of them, and besides
`--coordinator=HOST:PORT --num_processes=N --process_id=I`, or `--distributed` alone where the cluster knows all that.
"""

from pathlib import Path

from absl import app, flags, logging
from ml_collections import config_flags

from braincl_jax.build import build_stream
from braincl_jax.config import from_mapping
from braincl_jax.runtime.console import format_summary
from braincl_jax.runtime.loop import run_sequence
from braincl_jax.runtime.processes import join_processes, leads, use_virtual_devices

CONFIGS = Path(__file__).parent / "configs"
_CONFIG = config_flags.DEFINE_config_file(
    "config", str(CONFIGS / "quickstart.py"), "Experiment; see experiments/configs."
)
_WORKDIR = flags.DEFINE_string(
    "workdir", None, "Where results go; by default runs/CONFIG-METHOD-seedN in the current folder."
)
_COORDINATOR = flags.DEFINE_string(
    "coordinator", None, "Several processes: HOST:PORT of process 0, free there, reached by all."
)
_NUM_PROCESSES = flags.DEFINE_integer(
    "num_processes", None, "Several processes: how many there are."
)
_PROCESS_ID = flags.DEFINE_integer(
    "process_id", None, "Several processes: which of them this one is, 0 .. num_processes - 1."
)
_DISTRIBUTED = flags.DEFINE_bool(
    "distributed", False, "Several processes that SLURM, Open MPI, Kubernetes or Cloud TPU started."
)


def main(argv: list[str]) -> None:
    if len(argv) > 1:
        raise app.UsageError(f"unexpected arguments: {' '.join(argv[1:])}")
    if not flags.FLAGS["verbosity"].present:
        # What libraries tell of themselves is not for everyone.
        logging.set_verbosity(logging.WARNING)
    config = from_mapping(_CONFIG.value.to_dict())
    use_virtual_devices()
    process = (_COORDINATOR.value, _NUM_PROCESSES.value, _PROCESS_ID.value)
    if _DISTRIBUTED.value or process != (None, None, None):
        join_processes(*process)
    experiment = Path(config_flags.get_config_filename(flags.FLAGS["config"])).stem
    workdir = Path(_WORKDIR.value or f"runs/{experiment}-{config.method}-seed{config.seed}")
    summary = run_sequence(config, build_stream(config), workdir)
    if leads():
        print(format_summary(summary, workdir))


if __name__ == "__main__":
    app.run(main)
