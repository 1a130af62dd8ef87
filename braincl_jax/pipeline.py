"""The story on one screen: data -> wake -> memory -> sleep, task after task.

start      a new task: its classes count as seen, working memory opens
encode     wake: train the codec on the task's images, or what of it is not shared and known already
memorise   wake: write every image's cue into working memory
classify   wake: train the head alone on the task's images, beside older ones recalled
transfer   sleep: cues to bit strings in long-term memory, under the byte budget; a g_a of the task's own is dropped
replay     sleep: train the whole network on what the memory recalls; no image comes in

Each function below makes one phase; a method (`methods/`) strings phases together, ours or its own.
"""

import dataclasses
import functools
import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import jax.numpy as jnp

from braincl_jax.data import TaskStream, read_ahead
from braincl_jax.memory.cue_layout import CueLayout
from braincl_jax.parts import Learner, MemoryLayout, Parts
from braincl_jax.schedules import FINAL_FRACTION, warmup_cosine
from braincl_jax.sleep import rehearse_step, replay_step
from braincl_jax.state import BrainState, named_key
from braincl_jax.types import Array, Batch, Incoming, Metrics, Now, Sample, Step
from braincl_jax.wake import classify_step, encode_step, start_step

# What the host remembers of a run for its method, such as which image is behind which slot; JSON and NumPy arrays.
Notes = dict[str, Any]


def nothing_comes_in(task: int, step: int) -> None:
    """The batch of a phase without input."""


def no_rate(task: Array, step: Array) -> Array:
    """The learning rate of a phase that has none."""
    return jnp.float32(0)


def nothing_follows(metrics: Metrics, task: int, notes: Notes) -> None:
    """What a phase does on the host when it has ended."""


@dataclasses.dataclass(frozen=True, eq=False)
class Phase:
    """A stretch of one kind of step; calling it does one of them.

    Attributes:
        name: unique within a method; random numbers of the phase depend on it.
        step: what is done.
        num_steps: task -> how often.
        batch_at: (task, step) -> the batch of that step, from 0; None where nothing comes in. Random access, so
            that a run can go on from any step; two threads ask at once.
        rate: (task, step) -> learning rate, both traced; where a night is shortened, `step` lies between two (float32).
        examples: training examples that a step shows.
        counts_as: one of `state.EXAMPLE_KINDS`, or "" for a phase that does not train.
        asleep: whether it belongs to the night: what is evaluated before sleep is evaluated before the first such.
        after: (last metrics, task, notes): runs on the host when the phase has ended.
        driven_by: the settings that make its steps too large where it diverges, as NAME=value.
        cut_by: names of the settings that share out images among its steps, where each must come once: a fork cannot
            change them while the phase is under way.
    """

    name: str
    step: Step
    num_steps: Callable[[int], int] = lambda task: 1
    batch_at: Callable[[int, int], Incoming] = nothing_comes_in
    rate: Callable[[Array, Array], Array] = no_rate
    examples: int = 0
    counts_as: str = ""
    asleep: bool = False
    after: Callable[[Metrics, int, Notes], None] = nothing_follows
    driven_by: tuple[str, ...] = ()
    cut_by: tuple[str, ...] = ()

    def __call__(
        self, state: BrainState, batch: Incoming, *, axis_name: str | None = None
    ) -> tuple[BrainState, Metrics]:
        """One step, with key, learning rate, example count and progress; pure, for `jax.jit` or a map over devices."""
        progress = state.progress
        done = progress.steps_done(self.name)
        now = Now(
            phase_key=named_key(state.key, self.name, progress.task),
            step=done,
            rate=self.rate(progress.task, done),
        )
        state, metrics = self.step(state, batch, now, axis_name)
        if self.counts_as:
            counted = state.consolidation.count(self.counts_as, self.examples)
            state = state.replace(consolidation=counted)
        return state.replace(progress=state.progress.advance(self.name)), metrics

    def batches(self, task: int, start: int = 0) -> Iterator[Incoming]:
        """The batches of the steps from `start` on, read while the steps before them run."""
        return read_ahead(
            lambda step: self.batch_at(task, step), range(start, self.num_steps(task))
        )


def start(parts: Parts, layout: MemoryLayout) -> Phase:
    """A new task begins."""
    return Phase("start", functools.partial(start_step, parts=parts, layout=layout))


def encode(parts: Parts, layout: CueLayout, stream: TaskStream) -> Phase:
    """Wake: the codec learns the task's images."""
    codec = parts.config.codec
    steps = [codec.steps_of(task) for task in range(parts.spec.num_tasks)]
    return Phase(
        "encode",
        functools.partial(encode_step, layout=layout),
        num_steps=steps.__getitem__,
        batch_at=shuffled(parts, stream, codec.batch_size),
        rate=warmup_cosine(
            steps,
            peak=codec.learning_rate,
            final=FINAL_FRACTION * codec.learning_rate,
            warmup_fraction=0.05,
        ),
        examples=codec.batch_size,
        counts_as="codec",
        driven_by=(f"codec.learning_rate={codec.learning_rate}",),
    )


def memorise(step: Step, parts: Parts, stream: TaskStream) -> Phase:
    """Wake: every image of the task is written into working memory, once and in order."""
    size = parts.config.eval_batch_size
    return Phase(
        "memorise",
        step,
        num_steps=lambda task: math.ceil(parts.spec.task_sizes[task] / size),
        batch_at=lambda task, step: stream.ordered_batch_at(task, batch_size=size, step=step),
        cut_by=("eval_batch_size",),
    )


def classify(parts: Parts, layout: MemoryLayout | None, stream: TaskStream) -> Phase:
    """Wake: the head alone learns the new classes, and what it knew of older ones is reactivated from the memory.

    Args:
        parts: network, sampler and settings.
        layout: of the memory; None where nothing is ever remembered.
        stream: the tasks.

    Returns:
        The phase. In the first task there is nothing to recall yet; its steps count as many examples all the same.
    """
    wake = parts.config.wake
    remembers = layout if wake.reactivation else None
    recalled = 0 if remembers is None else parts.config.sleep.batch_size
    steps = [wake.epochs * math.ceil(number / wake.batch_size) for number in parts.spec.task_sizes]
    return Phase(
        "classify",
        functools.partial(classify_step, parts=parts, layout=remembers),
        num_steps=steps.__getitem__,
        batch_at=shuffled(parts, stream, wake.batch_size),
        rate=warmup_cosine(
            steps,
            peak=wake.learning_rate,
            final=FINAL_FRACTION * wake.learning_rate,
            warmup_fraction=0.1,
        ),
        examples=wake.batch_size + recalled,
        counts_as="wake",
        driven_by=(f"wake.learning_rate={wake.learning_rate}",),
    )


def transfer(step: Step, after: Callable[[Metrics, int, Notes], None] = nothing_follows) -> Phase:
    """Sleep begins: from working memory to long-term memory."""
    return Phase("transfer", step, asleep=True, after=after)


def replay(method: Learner) -> Phase:
    """Sleep: the whole network learns from what the memory recalls."""
    sleep, spec = method.parts.config.sleep, method.parts.spec
    seen = itertools.accumulate(spec.task_sizes)
    steps = [
        math.ceil(sleep.steps * number / spec.num_images) if sleep.growing else sleep.steps
        for number in seen
    ]
    return Phase(
        "replay",
        functools.partial(replay_step, method=method),
        num_steps=steps.__getitem__,
        rate=warmup_cosine(
            steps,
            peak=sleep.learning_rate,
            final=sleep.final_learning_rate,
            warmup_fraction=sleep.warmup_fraction,
        ),
        examples=sleep.batch_size,
        counts_as="sleep",
        asleep=True,
        driven_by=(
            f"sleep.learning_rate={sleep.learning_rate}",
            f"sleep.weight_decay={sleep.weight_decay}",
        ),
    )


def rehearse(method: Learner, sample_at: Callable[[int, int], Sample]) -> Phase:
    """As `replay`, but what is shown comes in from a data set (`rehearsal.rehearsed`), or some of it does."""
    step = functools.partial(rehearse_step, method=method)
    return dataclasses.replace(replay(method), step=step, batch_at=sample_at)


def shuffled(parts: Parts, stream: TaskStream, size: int) -> Callable[[int, int], Batch]:
    """Batches of `size` of a task's images, epoch after epoch, each in an order of its own."""
    seed = parts.config.seed
    return lambda task, step: stream.batch_at(task, batch_size=size, step=step, seed=seed)
