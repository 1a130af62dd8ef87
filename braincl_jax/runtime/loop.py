"""The sequence loop: runs the phases of every task, evaluates after each, and writes what came out."""

import os
import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from tqdm import tqdm

from braincl_jax.build import build_parts, init_brain
from braincl_jax.config import Config, to_mapping
from braincl_jax.data import TaskStream
from braincl_jax.evaluate import count_correct
from braincl_jax.memory.integrity import check_intact
from braincl_jax.methods import get_method
from braincl_jax.parts import Parts
from braincl_jax.pipeline import Phase, phases
from braincl_jax.runtime.devices import Devices
from braincl_jax.runtime.log import MetricsLog, write_json
from braincl_jax.runtime.processes import leads, require_same_everywhere
from braincl_jax.runtime.report import write_report
from braincl_jax.runtime.summary import measure_recall, summarise_run
from braincl_jax.state import BrainState
from braincl_jax.types import Metrics

# Steps between two reads of the metrics: often enough to look at, seldom enough not to stall the devices.
READ_EVERY = 20


def run_sequence(
    config: Config,
    stream: TaskStream,
    workdir: Path,
    *,
    make_parts: Callable[..., Parts] = build_parts,
) -> dict[str, Any]:
    """Learns all tasks of `stream` one after another.

    Args:
        config: the settings.
        stream: the tasks.
        workdir: gets `config.json`, `metrics.jsonl`, `summary.json` and `report/`, from the first process.
        make_parts: (config, spec) -> parts; hand in your own to change a part.

    Returns:
        The content of `summary.json`.

    Raises:
        ValueError: a setting is impossible, or processes differ in settings or tasks; nothing has been written or
            trained then.
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
    state = devices.init(lambda key: init_brain(parts, key), jax.random.key(config.seed))

    if leads():
        workdir.mkdir(parents=True, exist_ok=True)
        # What an earlier run left must not be taken for this one's, should this one fail.
        (workdir / "summary.json").unlink(missing_ok=True)
        shutil.rmtree(workdir / "report", ignore_errors=True)
        write_json(workdir / "config.json", to_mapping(config))
    with MetricsLog(workdir / "metrics.jsonl" if leads() else Path(os.devnull)) as log:
        state, outcome = learn_tasks(state, parts, stream, devices, log)

    final = devices.first(state)
    recall = None
    if outcome.sources:
        compiled = devices.compile(parts.memory.recall)
        recall = measure_recall(compiled, final.memory, stream, outcome.sources)
    summary = summarise_run(
        final,
        parts=parts,
        stream=stream,
        accuracy=outcome.accuracy,
        recall=recall,
        seconds=outcome.seconds,
        device=devices.description,
    )
    if leads():
        write_json(workdir / "summary.json", summary)
        write_report(workdir / "report", summary, recall.sample if recall else None)
    return summary


class Outcome(NamedTuple):
    """What a run measured on its way.

    Attributes:
        accuracy: float64 [T, T], row: after task i, column: task j; NaN above the diagonal.
        sources: for each task, int [n_t]: the task's image behind each of its slots, in order; empty for a
            method without cues.
        seconds: wall-clock time by phase.
    """

    accuracy: np.ndarray
    sources: list[np.ndarray]
    seconds: dict[str, float]


def learn_tasks(
    state: BrainState, parts: Parts, stream: TaskStream, devices: Devices, log: MetricsLog
) -> tuple[BrainState, Outcome]:
    """Runs all phases of all tasks, and evaluates after each task on the classes seen so far."""
    config, num_tasks = parts.config, stream.spec.num_tasks
    todo = [
        (phase, devices.map_step(phase.step, parts))
        for phase in phases(get_method(config.method), stream, config)
    ]
    count = devices.map_reader(count_correct, parts)
    outcome = Outcome(np.full((num_tasks, num_tasks), np.nan), [], defaultdict(float))
    for task in range(num_tasks):
        for phase, step in todo:
            began = time.monotonic()
            state, last = run_phase(state, phase, step, task, devices, log)
            outcome.seconds[phase.name] += time.monotonic() - began
            if "source" in last:
                source = np.asarray(last["source"])
                outcome.sources.append(require_stored(source[source >= 0], task, config))
        began = time.monotonic()
        for seen in range(task + 1):
            outcome.accuracy[task, seen] = accuracy_on(count, state, stream, seen, config)
        outcome.seconds["evaluate"] += time.monotonic() - began
        log.write(task=task, phase="evaluate", accuracy=outcome.accuracy[task, : task + 1].tolist())
    return state, outcome


def require_stored(source: np.ndarray, task: int, config: Config) -> np.ndarray:
    """Passes on `source` unless it is empty: without a cue there is nothing to replay."""
    if len(source) == 0:
        raise RuntimeError(
            f"no cue of task {task} fits into its share of budget_bytes={config.budget_bytes}: raise the "
            "budget, or train the codec longer (codec.steps) so that its strings get shorter"
        )
    return source


def require_even_batches(config: Config, num_devices: int) -> None:
    """Raises ValueError for a batch that `num_devices` devices cannot share evenly, or not in equal parts."""
    batches = {
        "codec.batch_size": config.codec.batch_size,
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
    state: BrainState,
    phase: Phase,
    step: Callable,
    task: int,
    devices: Devices,
    log: MetricsLog,
) -> tuple[BrainState, Metrics]:
    """Runs one phase of one task behind a progress bar; returns the state and the last step's metrics."""
    total = phase.num_steps(task)
    unread: list[Metrics] = []
    last: Metrics = {}
    hidden = total < 2 or not leads()
    bar = tqdm(total=total, desc=f"task {task} {phase.name:9}", unit="step", disable=hidden)
    with bar:
        for index, batch in enumerate(phase.batches(task), start=1):
            state, metrics = step(state, batch)
            unread.append(metrics)
            if index % READ_EVERY == 0 or index == total:
                read = jax.device_get([devices.first(one) for one in unread])
                last = read[-1]
                scalars = _average(read)
                log.write(task=task, phase=phase.name, step=index, **scalars)
                bar.set_postfix({name: f"{value:.3g}" for name, value in scalars.items()})
                check_intact(int(scalars.get("corrupt_slot", -1)))
                bar.update(len(unread))
                unread.clear()
    return state, last


def _average(read: Sequence[Metrics]) -> dict[str, float]:
    """Means of the scalar metrics; of `corrupt_slot` the largest, since one is too many."""
    names = [name for name, value in read[-1].items() if np.ndim(value) == 0]
    means = {name: float(np.mean([one[name] for one in read])) for name in names}
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
