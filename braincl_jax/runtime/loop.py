"""A run from its beginning to its end: checks, start or resume, learning, and what is written."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax

from braincl_jax.build import build_method, build_plan, init_brain
from braincl_jax.config import Config
from braincl_jax.data import TaskStream
from braincl_jax.methods import Method
from braincl_jax.pipeline import Phase
from braincl_jax.runtime.checkpoint import DEFAULT, Checkpointing, Writer
from braincl_jax.runtime.cursor import Cursor
from braincl_jax.runtime.devices import Devices
from braincl_jax.runtime.examine import Examiner
from braincl_jax.runtime.finish import finish
from braincl_jax.runtime.interrupt import stop_on_signals
from braincl_jax.runtime.learn import Shell, learn_tasks
from braincl_jax.runtime.log import MetricsLog, write_json
from braincl_jax.runtime.processes import leads, require_same_everywhere
from braincl_jax.runtime.record import Record
from braincl_jax.runtime.resume import check_same_run, clear, finished_summary, fork, resume, say
from braincl_jax.runtime.saver import Saver
from braincl_jax.runtime.stages import build_evaluators, stages_of
from braincl_jax.runtime.timings import Timings
from braincl_jax.runtime.workdir import CHECKPOINTS, CONFIG, METRICS, TIMINGS
from braincl_jax.sleep import nothing_prefetched
from braincl_jax.state import BrainState, without_prefetched
from braincl_jax.types import Array


def run_sequence(
    config: Config,
    stream: TaskStream,
    workdir: Path,
    *,
    checkpointing: Checkpointing = DEFAULT,
    restart: bool = False,
    fork_from: Path | None = None,
) -> dict[str, Any]:
    """Learns all tasks of `stream` one after another.

    A run that was interrupted goes on where `workdir` has its newest intact checkpoint, and ends
    as if nothing had happened. A finished run is not repeated.

    Args:
        config: the settings.
        stream: the tasks.
        workdir: gets, from the first process, what `workdir` lists. To go on, all processes must see it.
        checkpointing: how often the run is saved.
        restart: delete the run in `workdir` first.
        fork_from: another work directory, from whose newest intact checkpoint a run in a new
            `workdir` begins.

    Returns:
        The content of `summary.json`.

    Raises:
        ValueError: a setting is impossible, `workdir` holds a run with other settings, or processes differ in
            settings, tasks or in what they find there; nothing has been written or trained then.
        DamagedError: `workdir` has checkpoints, but none is intact; nothing has been written.
        Interrupted: SIGTERM or SIGINT came; the run has been saved.
        CorruptMemoryError: a stored string was found to be damaged.
    """
    require_same_everywhere(f"{config}, {stream}")
    devices = Devices(config.num_devices)
    require_even_batches(config, len(devices))
    stream = stream.part(*devices.part)
    plan = build_plan(config, stream)
    method, record = build_method(config, plan), Record(config, plan)
    if not restart:
        check_same_run(workdir, record, fork_from)
        summary = finished_summary(workdir)
        if summary is not None:
            say(f"{workdir} holds this run, finished; --restart does it again")
            return summary
    phases, evaluators = method.phases(stream), build_evaluators(config.evaluators)
    stages_of(phases, evaluators, last_task=True)  # names that are taken are told now
    state, cursor, resumed = begin(
        method, record, phases, devices, workdir, restart=restart, fork_from=fork_from
    )
    if leads():
        workdir.mkdir(parents=True, exist_ok=True)
        write_json(workdir / CONFIG, record.to_mapping())
    keep, log_path = checkpointing.keep, workdir / METRICS if leads() else Path(os.devnull)
    timings_path = workdir / TIMINGS if leads() else Path(os.devnull)
    with (
        MetricsLog(log_path, cursor.log_bytes if leads() else 0) as log,
        Writer(workdir / CHECKPOINTS, keep=keep, log=log_path, resumed=resumed) as writer,
        Timings(timings_path, cursor.steps) as timings,
        stop_on_signals() as stop,
    ):
        saver = Saver(writer, checkpointing, stop, record, devices, log, cursor.steps)
        shell = Shell(devices, log, saver, timings)
        examiner = Examiner.build(method, stream, devices)
        state = learn_tasks(state, cursor, phases, evaluators, plan.spec.num_tasks, examiner, shell)
    return finish(state, cursor.outcome, method, evaluators, stream, devices, workdir)


def begin(
    method: Method,
    record: Record,
    phases: Sequence[Phase],
    devices: Devices,
    workdir: Path,
    *,
    restart: bool,
    fork_from: Path | None,
) -> tuple[BrainState, Cursor, Path | None]:
    """The state and the place from which a run in `workdir` goes on, and the checkpoint they are from, if any.

    Raises:
        ValueError: see `run_sequence`.
        DamagedError: see `run_sequence`.
    """
    key = jax.random.key(record.config.seed)

    def init(key: Array) -> BrainState:
        return init_brain(method, key)

    abstract = jax.eval_shape(lambda key: without_prefetched(init(key)), key)
    beginning = None if restart else resume(workdir, record, abstract)
    # Nobody writes before all have read.
    require_same_everywhere(f"start at {beginning.cursor if beginning else 0}")
    if beginning is None and fork_from is not None:
        beginning = fork(fork_from, workdir, record, abstract, phases)
    if beginning is not None:
        memory = beginning.state.memory
        prefetched = nothing_prefetched(method.parts, method.layout, memory)
        state = beginning.state.replace(memory=memory.replace(prefetched=prefetched))
        return devices.replicate(state), beginning.cursor, beginning.path
    if leads():
        clear(workdir)
    return devices.init(init, key), Cursor(phases[0].name), None


def require_even_batches(config: Config, num_devices: int) -> None:
    """Raises ValueError for a batch that `num_devices` devices cannot share evenly, or not in equal parts."""
    batches = {
        "codec.batch_size": config.codec.batch_size,
        "codec.refine_batch_size": config.codec.refine_batch_size,
        "wake.batch_size": config.wake.batch_size,
        "sleep.num_groups": config.sleep.num_groups,
        "eval_batch_size": config.eval_batch_size,
    }
    for name, value in batches.items():
        if value % num_devices:
            raise ValueError(
                f"{name}={value} must be a multiple of the {num_devices} devices in use"
            )
    groups = config.sleep.num_groups // num_devices
    if groups % config.sleep.accumulate:
        raise ValueError(
            f"sleep.accumulate={config.sleep.accumulate} must divide the {groups} groups of each device: "
            f"sleep.num_groups={config.sleep.num_groups} on {num_devices} devices"
        )
