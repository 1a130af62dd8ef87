"""Learning: runs the stages of all tasks, reads and logs their metrics, and saves the run now and then."""

import itertools
from collections.abc import Callable, Mapping, Sequence

import jax
import numpy as np
from tqdm import tqdm

from braincl_jax.memory.block.integrity import check_intact
from braincl_jax.pipeline import Phase
from braincl_jax.runtime.compute import note_peak
from braincl_jax.runtime.cursor import Cursor
from braincl_jax.runtime.divergence import require_finite_metrics, require_finite_weights
from braincl_jax.runtime.examine import Examiner
from braincl_jax.runtime.processes import leads
from braincl_jax.runtime.progress import Progress
from braincl_jax.runtime.shell import Shell
from braincl_jax.runtime.stages import Examination, stages_of
from braincl_jax.state import BrainState
from braincl_jax.types import Metrics

# Steps between two reads of the metrics: often enough to look at, seldom enough not to stall the devices.
READ_EVERY = 20


def learn_tasks(
    state: BrainState,
    cursor: Cursor,
    phases: Sequence[Phase],
    examiner: Examiner,
    shell: Shell,
) -> BrainState:
    """Runs all stages of all tasks from `cursor` on.

    Raises:
        DivergedError: a metric or a weight is not finite; no checkpoint holds it.
        CorruptMemoryError, Interrupted: see `run_sequence`.
    """
    saver, num_tasks = shell.saver, examiner.stream.spec.num_tasks
    progress = Progress(phases, examiner.evaluators, num_tasks)
    steps = {phase.name: shell.devices.map_step(phase) for phase in phases}
    while cursor.task < num_tasks:
        stages = stages_of(phases, examiner.evaluators, last_task=cursor.task == num_tasks - 1)
        names = [stage.name for stage in stages]
        following = dict(itertools.pairwise(names))
        for stage in stages[names.index(cursor.stage) :]:
            if isinstance(stage, Examination):
                examine(state, cursor, stage, examiner, shell, progress)
            else:
                state, last = run_phase(state, cursor, stage, steps[stage.name], shell, progress)
                note_peak(cursor.outcome.peak_bytes, stage.name, shell.devices.peak_bytes())
                stage.after(last, cursor.task, cursor.outcome.notes)
            cursor.lap(stage.name)
            if stage.name not in following:
                break
            cursor.enter(following[stage.name])
            # A phase may be shorter than the writing of a checkpoint: then training does not wait for it.
            if saver.is_due(cursor) or (stage is not stages[0] and saver.idle):
                shell.save(state, cursor)
        progress.tell(cursor)
        cursor.task += 1
        cursor.enter(names[0])
        saver.is_due(cursor)
        shell.save(state, cursor)
    return state


def run_phase(
    state: BrainState,
    cursor: Cursor,
    phase: Phase,
    step: Callable,
    shell: Shell,
    progress: Progress,
) -> tuple[BrainState, Metrics]:
    """Runs the rest of a phase behind a progress bar; returns the state and the last step's metrics.

    Raises:
        DivergedError: a metric or a weight is not finite; nothing is logged or saved of it.
    """
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
            cursor.outcome.steps[phase.name] += 1
            ended = cursor.done == total
            writing = ended or cursor.done % READ_EVERY == 0
            saving = not ended and saver.is_due(cursor)
            if writing or saving:
                read = jax.device_get([devices.first(one) for one in unread])
                progress.measure(cursor, timings.lap(task, phase.name, len(read)), len(read))
                last = read[-1]
                unread.clear()
                cursor.unwritten += map(_scalars, read)
                # First: what is recalled from a damaged memory may be why a metric is no number.
                check_intact(int(max(one.get("corrupt_slot", -1) for one in cursor.unwritten)))
                require_finite_metrics(read, phase, task, cursor.done)
            if ended or saving:
                require_finite_weights(state, devices, phase, task, cursor.done)
            if writing:
                scalars = _average(cursor.unwritten)
                cursor.unwritten.clear()
                log.write(task=task, phase=phase.name, step=cursor.done, **scalars)
                bar.set_postfix(_shown(scalars, progress.to_go(cursor)))
                bar.update(cursor.done - bar.n)
            if saving:
                shell.save(state, cursor)
    return state, last


def examine(
    state: BrainState,
    cursor: Cursor,
    stage: Examination,
    examiner: Examiner,
    shell: Shell,
    progress: Progress,
) -> None:
    """Lets the evaluators look that have not yet; keeps and logs their figures.

    Raises:
        ValueError: an evaluator has figures that cannot be logged.
    """
    exam, known = examiner.exam(state, cursor.task, cursor.outcome.notes), cursor.outcome.figures
    shell.timings.restart()
    for name, evaluator in stage.evaluators.items():
        if cursor.task in known.get(name, {}):
            continue
        figures = evaluator.run(exam)
        known[name][cursor.task] = figures
        place = {"task": cursor.task, "phase": stage.name, "evaluator": name}
        try:
            shell.log.write(**place, figures=figures)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"evaluators: {name!r} has figures after task {cursor.task} that JSON cannot hold ({error}): they may "
                "be finite numbers, texts, None, and lists and mappings of them"
            ) from error
        lap = shell.timings.lap(cursor.task, stage.name, 1)
        progress.measure(cursor, lap, (cursor.task + 1) / len(stage.evaluators))
        cursor.steps, cursor.done = cursor.steps + 1, cursor.done + 1
        if cursor.done < len(stage.evaluators) and shell.saver.is_due(cursor):
            shell.save(state, cursor)


def _shown(scalars: Mapping[str, float], to_go: str) -> dict[str, str]:
    """What stands behind a progress bar."""
    shown = {name: f"{value:.3g}" for name, value in scalars.items()}
    return shown | ({"to_go": to_go} if to_go else {})


def _scalars(metrics: Metrics) -> dict[str, float]:
    return {name: float(value) for name, value in metrics.items() if np.ndim(value) == 0}


def _average(read: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Means of the metrics; of `corrupt_slot` the largest, since one is too many.

    The first steps may lack a metric: those of a run of other settings, from which this one was forked.
    """
    values = {name: [one[name] for one in read if name in one] for name in read[-1]}
    return {
        name: float(max(of_steps) if name == "corrupt_slot" else np.mean(of_steps))
        for name, of_steps in values.items()
    }
