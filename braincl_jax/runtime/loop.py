"""The sequence loop: runs the phases of every task, evaluates after each, and writes what came out."""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np
from tqdm import tqdm

from braincl_jax.config import Config, to_mapping
from braincl_jax.data import TaskStream
from braincl_jax.evaluate import count_correct
from braincl_jax.evaluate.recall import check_intact
from braincl_jax.methods import get_method
from braincl_jax.parts import Parts
from braincl_jax.pipeline import Phase, build_parts, init_brain, phases
from braincl_jax.runtime.devices import Devices
from braincl_jax.runtime.log import MetricsLog, write_json
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
        workdir: gets `config.json`, `metrics.jsonl`, `summary.json` and `report/`.
        make_parts: (config, spec) -> parts; hand in your own to change a part.

    Returns:
        The content of `summary.json`.

    Raises:
        ValueError: a setting is impossible; nothing has been written or trained then.
        CorruptMemoryError: a stored string was found to be damaged.
    """
    devices = Devices(config.num_devices)
    require_even_batches(config, len(devices))
    parts = make_parts(config, stream.spec)
    state = devices.init(lambda key: init_brain(parts, key), jax.random.key(config.seed))

    workdir.mkdir(parents=True, exist_ok=True)
    write_json(workdir / "config.json", to_mapping(config))
    log = MetricsLog(workdir / "metrics.jsonl")
    method = get_method(config.method)
    todo = [
        (phase, devices.map_step(phase.step, parts)) for phase in phases(method, stream, config)
    ]
    count = devices.map_reader(count_correct, parts)
    num_tasks = stream.spec.num_tasks
    correct = np.full((num_tasks, num_tasks), np.nan)
    sources: list[np.ndarray] = []
    seconds: dict[str, float] = defaultdict(float)

    for task in range(num_tasks):
        for phase, step in todo:
            began = time.monotonic()
            state, last = run_phase(state, phase, step, task, devices, log)
            seconds[phase.name] += time.monotonic() - began
            if "source" in last:
                source = np.asarray(last["source"])
                sources.append(source[source >= 0])
        began = time.monotonic()
        correct[task, : task + 1] = count_per_task(count, state, stream, task, config)
        seconds["evaluate"] += time.monotonic() - began
        accuracy = accuracy_rows(correct, stream)[task, : task + 1]
        log.write(task=task, phase="evaluate", accuracy=accuracy.tolist())

    final = devices.first(state)
    recall = measure_recall(final, stream, sources, parts) if sources else None
    summary = summarise_run(
        final,
        parts=parts,
        stream=stream,
        accuracy=accuracy_rows(correct, stream),
        recall=recall,
        seconds=dict(seconds),
        device=devices.description,
    )
    write_json(workdir / "summary.json", summary)
    write_report(workdir / "report", summary, recall.sample if recall else None)
    log.close()
    return summary


def require_even_batches(config: Config, num_devices: int) -> None:
    """Raises ValueError for a batch that `num_devices` devices cannot share evenly."""
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
    bar = tqdm(total=total, desc=f"task {task} {phase.name:9}", unit="step", disable=total < 2)
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


def count_per_task(
    count: Callable, state: BrainState, stream: TaskStream, task: int, config: Config
) -> list[int]:
    """Correctly classified test images of each task seen so far."""
    return [
        sum(
            int(count(state, batch))
            for batch in stream.test_batches(seen, batch_size=config.eval_batch_size)
        )
        for seen in range(task + 1)
    ]


def accuracy_rows(correct: np.ndarray, stream: TaskStream) -> np.ndarray:
    """Counts [T, T] -> accuracies [T, T], NaN where there is no count."""
    sizes = [len(stream.test(task).label) for task in range(stream.spec.num_tasks)]
    return correct / np.asarray(sizes)
