"""Runs one experiment: `braincl run [--config=NAME or FILE.py] [--workdir=DIR] [--config.key=value ...]`.

`python -m experiments.launch` is the same. A run that was interrupted goes on with the same command.

As one of several processes, each with devices of its own: the same command in each of them, and besides
`--coordinator=HOST:PORT --num_processes=N --process_id=I`, or `--distributed` alone where the cluster knows all that.
"""

from pathlib import Path

from absl import flags
from ml_collections import config_flags

from braincl_jax.build import build_stream
from braincl_jax.config import from_mapping
from braincl_jax.report.console import format_summary
from braincl_jax.runtime.checkpoint import Checkpointing
from braincl_jax.runtime.interrupt import EXIT_INTERRUPTED, Interrupted
from braincl_jax.runtime.loop import run_sequence
from braincl_jax.runtime.processes import join_processes, leads, say, use_virtual_devices
from braincl_jax.runtime.tensorboard import EventFiles
from experiments import entry
from experiments.arguments import command_of
from experiments.dry_run import show_forecast
from experiments.packaged import define_config, in_folder_names

_CONFIG = define_config("Experiment: a file, or the name of a packaged config.")
_WORKDIR = flags.DEFINE_string(
    "workdir", None, "Where results go; by default runs/CONFIG-METHOD-seedN in the current folder."
)
_RESTART = flags.DEFINE_boolean(
    "restart", False, "Delete the run in the work directory and start anew, instead of going on."
)
_DRY_RUN = flags.DEFINE_boolean(
    "dry_run", False, "Print what the run would take, in seconds; nothing is trained or written."
)
_TERAFLOPS = flags.DEFINE_float(
    "teraflops",
    None,
    "With --dry_run, hours: 10^12 operations that all devices together do in a second, as measured.",
    lower_bound=1e-6,
)
_FORK_FROM = flags.DEFINE_string(
    "fork_from", None, "Begin with the newest checkpoint of the run in this other work directory."
)
_CHECKPOINT_STEPS = flags.DEFINE_integer(
    "checkpoint_steps",
    Checkpointing.every_steps,
    "Steps from one checkpoint to the next, beside those at the end of phases; 0: off.",
)
_CHECKPOINT_MINUTES = flags.DEFINE_float(
    "checkpoint_minutes", Checkpointing.every_minutes, "Minutes from one to the next; 0: off."
)
_KEEP_CHECKPOINTS = flags.DEFINE_integer(
    "keep_checkpoints", Checkpointing.keep, "How many checkpoints stay, the newest."
)
_TENSORBOARD = flags.DEFINE_bool(
    "tensorboard", False, "Write WORKDIR/tensorboard as well; needs the extra `tensorboard`."
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


def main(argv: list[str]) -> int:
    entry.no_arguments(argv)
    # First: the settings may import a plugin, and that may start JAX.
    use_virtual_devices()
    process = (_COORDINATOR.value, _NUM_PROCESSES.value, _PROCESS_ID.value)
    if _DISTRIBUTED.value or process != (None, None, None):
        join_processes(*process)
    config = from_mapping(_CONFIG.value.to_dict())
    experiment = in_folder_names(config_flags.get_config_filename(flags.FLAGS["config"]))
    method = config.method.partition("(")[0]
    workdir = Path(_WORKDIR.value or f"runs/{experiment}-{method}-seed{config.seed}")
    checkpointing = Checkpointing(
        _CHECKPOINT_STEPS.value, _CHECKPOINT_MINUTES.value, _KEEP_CHECKPOINTS.value
    )
    if _DRY_RUN.value:
        show_forecast(config, _TERAFLOPS.value)
        return 0
    try:
        summary = run_sequence(
            config,
            build_stream(config),
            workdir,
            checkpointing=checkpointing,
            restart=_RESTART.value,
            fork_from=Path(_FORK_FROM.value) if _FORK_FROM.value else None,
            command=command_of(_CONFIG),
            followers=[EventFiles(workdir)] if _TENSORBOARD.value else [],
        )
    except Interrupted as interruption:
        say(f"{interruption}\nthe same command (without --restart) goes on from there")
        return EXIT_INTERRUPTED
    if leads():
        print(format_summary(summary, workdir))
    return 0


if __name__ == "__main__":
    entry.run(main)
