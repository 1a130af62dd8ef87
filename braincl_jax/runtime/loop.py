"""The sequence loop: runs the phases of every task, evaluates after each, and writes what came out."""

import functools
import itertools
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from tqdm import tqdm

from braincl_jax.build import build_parts, init_brain
from braincl_jax.config import Config, to_mapping
from braincl_jax.data import TaskStream
from braincl_jax.evaluators import count_correct
from braincl_jax.memory.block.integrity import check_intact
from braincl_jax.memory.cue_layout import CueLayout
from braincl_jax.methods import get_method
from braincl_jax.parts import Parts, recall
from braincl_jax.pipeline import Phase, phases
from braincl_jax.report.page import write_report
from braincl_jax.runtime.checkpoint import DEFAULT, Checkpointing, Writer
from braincl_jax.runtime.cursor import EVALUATE, Cursor, Outcome
from braincl_jax.runtime.devices import Devices
from braincl_jax.runtime.exchange import export_memory
from braincl_jax.runtime.interrupt import stop_on_signals
from braincl_jax.runtime.log import MetricsLog, write_json
from braincl_jax.runtime.processes import leads, require_same_everywhere
from braincl_jax.runtime.resume import (
    CHECKPOINTS,
    CONFIG,
    MEMORY,
    METRICS,
    REPORT,
    SOURCES,
    SUMMARY,
    TIMINGS,
    check_same_run,
    clear,
    finished_summary,
    fork,
    resume,
    say,
)
from braincl_jax.runtime.saver import Saver
from braincl_jax.runtime.summary import measure_recall, summarise_run
from braincl_jax.runtime.timings import CHECKPOINT, Timings
from braincl_jax.sleep import nothing_prefetched
from braincl_jax.state import BrainState, without_prefetched
from braincl_jax.types import Array, Metrics

# Steps between two reads of the metrics: often enough to look at, seldom enough not to stall the devices.
READ_EVERY = 20


def run_sequence(
    config: Config,
    stream: TaskStream,
    workdir: Path,
    *,
    make_parts: Callable[..., Parts] = build_parts,
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
        workdir: gets, from the first process, `config.json`, `metrics.jsonl`, `timings.jsonl`, `checkpoints/`,
            `summary.json`, `report/` and, from a method with cues, `memory.npz` and `sources.npy` (int32 [n, 2], task
            and image behind each slot). To go on, all processes must see it.
        make_parts: (config, spec) -> parts; hand in your own to change a part.
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
    if stream.spec.num_tasks != config.num_tasks:
        raise ValueError(
            f"num_tasks={config.num_tasks}, but the stream has {stream.spec.num_tasks}"
        )
    require_same_everywhere(f"{config}, {stream}")
    devices = Devices(config.num_devices)
    require_even_batches(config, len(devices))
    stream = stream.part(*devices.part)
    parts = make_parts(config, stream.spec)

    def init(key: Array) -> BrainState:
        return init_brain(parts, key)

    if not restart:
        check_same_run(workdir, config, fork_from)
        summary = finished_summary(workdir)
        if summary is not None:
            say(f"{workdir} holds this run, finished; --restart does it again")
            return summary
    story = phases(get_method(config.method), stream, config)
    state, cursor, resumed = begin(
        config, parts, story, devices, workdir, restart=restart, fork_from=fork_from
    )
    if leads():
        workdir.mkdir(parents=True, exist_ok=True)
        write_json(workdir / CONFIG, to_mapping(config))
    keep, log_path = checkpointing.keep, workdir / METRICS if leads() else Path(os.devnull)
    timings_path = workdir / TIMINGS if leads() else Path(os.devnull)
    with (
        MetricsLog(log_path, cursor.log_bytes if leads() else 0) as log,
        Writer(workdir / CHECKPOINTS, keep=keep, log=log_path, resumed=resumed) as writer,
        Timings(timings_path, cursor.steps) as timings,
        stop_on_signals() as stop,
    ):
        saver = Saver(writer, checkpointing, stop, config, devices, log, cursor.steps)
        shell = Shell(devices, log, saver, timings)
        state = learn_tasks(state, cursor, story, parts, stream, shell)
    return finish(state, cursor.outcome, parts, stream, devices, workdir)


def begin(
    config: Config,
    parts: Parts,
    story: Sequence[Phase],
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
    key = jax.random.key(config.seed)

    def init(key: Array) -> BrainState:
        return init_brain(parts, key)

    abstract = jax.eval_shape(lambda key: without_prefetched(init(key)), key)
    beginning = None if restart else resume(workdir, config, abstract)
    # Nobody writes before all have read.
    require_same_everywhere(f"start at {beginning.cursor if beginning else 0}")
    if beginning is None and fork_from is not None:
        beginning = fork(fork_from, workdir, config, abstract, story)
    if beginning is not None:
        memory = beginning.state.memory
        memory = memory.replace(prefetched=nothing_prefetched(parts, memory))
        state = devices.replicate(beginning.state.replace(memory=memory))
        return state, beginning.cursor, beginning.path
    if leads():
        clear(workdir)
    return devices.init(init, key), Cursor.first(config.num_tasks), None


def finish(
    state: BrainState,
    outcome: Outcome,
    parts: Parts,
    stream: TaskStream,
    devices: Devices,
    workdir: Path,
) -> dict[str, Any]:
    """Measures what is recalled, and writes memory, summary and report; returns the summary."""
    final = jax.device_put(devices.fetch(state))
    quality = None
    if len(outcome.sources):
        compiled = devices.compile(functools.partial(recall, parts.memory))
        quality = measure_recall(compiled, final.memory, stream, outcome.sources)
    summary = summarise_run(
        final,
        parts=parts,
        stream=stream,
        accuracy=outcome.accuracy,
        recall=quality,
        seconds=outcome.seconds,
        device=devices.description,
    )
    if leads():
        if isinstance(parts.memory, CueLayout):
            stored = final.memory.long_term
            export_memory(workdir / MEMORY, stored, parts.memory, stream.class_order)
            np.save(workdir / SOURCES, outcome.sources)
        write_report(workdir / REPORT, summary, quality.sample if quality else None)
        # Last: it says that the run is finished.
        write_json(workdir / SUMMARY, summary)
    return summary


class Shell(NamedTuple):
    """What is impure around the steps."""

    devices: Devices
    log: MetricsLog
    saver: Saver
    timings: Timings

    def save(self, state: BrainState, cursor: Cursor) -> None:
        """See `Saver.save`."""
        self.timings.restart()
        self.saver.save(state, cursor)
        self.timings.lap(cursor.task, CHECKPOINT, 1)


def learn_tasks(
    state: BrainState,
    cursor: Cursor,
    story: Sequence[Phase],
    parts: Parts,
    stream: TaskStream,
    shell: Shell,
) -> BrainState:
    """Runs all phases of all tasks from `cursor` on, and evaluates after each task on the classes seen so far."""
    devices, saver = shell.devices, shell.saver
    todo = [(phase, devices.map_step(phase.step, parts)) for phase in story]
    following = dict(itertools.pairwise([*(phase.name for phase in story), EVALUATE]))
    count = devices.map_reader(count_correct, parts)
    while cursor.task < stream.spec.num_tasks:
        for phase, step in itertools.dropwhile(lambda one: one[0].name != cursor.phase, todo):
            state, last = run_phase(state, cursor, phase, step, shell)
            if "origin" in last:
                require_stored(int(last["stored"]), cursor.task, parts.config)
                sources = follow(cursor.outcome.sources, np.asarray(last["origin"]), cursor.task)
                cursor.outcome = cursor.outcome._replace(sources=sources)
            cursor.lap(phase.name)
            cursor.enter(following[phase.name])
            # A phase may be shorter than the writing of a checkpoint: then training does not wait for it.
            if saver.is_due(cursor) or (phase.name != "start" and saver.idle):
                shell.save(state, cursor)
        evaluate(state, cursor, count, stream, parts.config, shell)
        cursor.lap(EVALUATE)
        cursor.steps, cursor.task = cursor.steps + 1, cursor.task + 1
        cursor.enter(story[0].name)
        saver.is_due(cursor)
        shell.save(state, cursor)
    return state


def follow(sources: np.ndarray, origin: np.ndarray, task: int) -> np.ndarray:
    """Sources after a transfer, from those before it and its metric `origin` (see `transfer_step`)."""
    origin = origin[origin != -1]
    followed = np.stack([np.full_like(origin, task), origin], 1)
    kept = origin < 0
    followed[kept] = sources[-2 - origin[kept]]
    return followed


def require_stored(number: int, task: int, config: Config) -> None:
    """Raises RuntimeError if no cue was stored: then there is nothing to replay."""
    if number == 0:
        raise RuntimeError(
            f"no cue of task {task} fits into its share of budget_bytes={config.budget_bytes}: raise the "
            "budget, or train the codec longer (codec.steps) so that its strings get shorter"
        )


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


def run_phase(
    state: BrainState, cursor: Cursor, phase: Phase, step: Callable, shell: Shell
) -> tuple[BrainState, Metrics]:
    """Runs the rest of a phase behind a progress bar; returns the state and the last step's metrics."""
    devices, log, saver, timings = shell
    task, total = cursor.task, phase.num_steps(cursor.task)
    unread: list[Metrics] = []
    last: Metrics = {}
    bar = tqdm(
        desc=f"task {task} {phase.name:9}",
        total=total,
        initial=cursor.done,
        unit="step",
        disable=total < 2 or not leads(),
    )
    timings.restart()
    with bar:
        for batch in phase.batches(task, start=cursor.done):
            state, metrics = step(state, batch)
            unread.append(metrics)
            cursor.steps, cursor.done = cursor.steps + 1, cursor.done + 1
            ended = cursor.done == total
            writing = ended or cursor.done % READ_EVERY == 0
            saving = not ended and saver.is_due(cursor)
            if writing or saving:
                read = jax.device_get([devices.first(one) for one in unread])
                timings.lap(task, phase.name, len(read))
                last = read[-1]
                unread.clear()
                cursor.unwritten += map(_scalars, read)
                check_intact(int(max(one.get("corrupt_slot", -1) for one in cursor.unwritten)))
            if writing:
                scalars = _average(cursor.unwritten)
                cursor.unwritten.clear()
                log.write(task=task, phase=phase.name, step=cursor.done, **scalars)
                bar.set_postfix({name: f"{value:.3g}" for name, value in scalars.items()})
                bar.update(cursor.done - bar.n)
            if saving:
                shell.save(state, cursor)
    return state, last


def evaluate(
    state: BrainState,
    cursor: Cursor,
    count: Callable,
    stream: TaskStream,
    config: Config,
    shell: Shell,
) -> None:
    """Fills and logs the current task's row of the accuracy matrix."""
    row = cursor.outcome.accuracy[cursor.task]
    shell.timings.restart()
    for seen in range(cursor.task + 1):
        row[seen] = accuracy_on(count, state, stream, seen, config)
        shell.timings.lap(cursor.task, EVALUATE, 1)
        if shell.saver.is_due(cursor):
            shell.save(state, cursor)
    shell.log.write(task=cursor.task, phase=EVALUATE, accuracy=row[: cursor.task + 1].tolist())


def _scalars(metrics: Metrics) -> dict[str, float]:
    return {name: float(value) for name, value in metrics.items() if np.ndim(value) == 0}


def _average(read: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Funds of the metrics; of `corrupt_slot` the largest, since one is too many."""
    means = {name: float(np.mean([one[name] for one in read])) for name in read[-1]}
    if "corrupt_slot" in means:
        means["corrupt_slot"] = float(max(one["corrupt_slot"] for one in read))
    return means


def accuracy_on(
    count: Callable, state: BrainState, stream: TaskStream, task: int, config: Config
) -> float:
    """Share of `task`'s test images that are classified correctly among all classes seen so far."""
    batches = stream.test_batches(task, batch_size=config.eval_batch_size)
    correct = sum(int(count(state, batch)) for batch in batches)
    return correct / stream.test_sizes[task]
