"""The story on one screen: data -> wake -> memory -> sleep, task after task.

start      a new task: its classes count as seen, working memory opens
encode     wake: train the codec on the task's images
memorise   wake: write every image's cue into working memory
refine     wake: improve the cues themselves (if asked for)
classify   wake: train the head alone on the task's images
transfer   sleep: cues to bit strings in long-term memory, under the byte budget; g_a is dropped
replay     sleep: train the whole network on what the memory recalls; no image comes in
"""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

from braincl_jax.config import Config
from braincl_jax.data import TaskStream, read_ahead
from braincl_jax.methods import Method
from braincl_jax.sleep import replay_step
from braincl_jax.types import Batch, Step
from braincl_jax.wake import classify_step, start_step


class Phase(NamedTuple):
    """A stretch of one kind of step.

    Attributes:
        name: one of `state.PHASES`.
        step: what is done.
        num_steps: task -> how often.
        batch_at: (task, step) -> the batch of that step, from 0; None where nothing comes in. Random access, so
            that a run can go on from any step.
    """

    name: str
    step: Step
    num_steps: Callable[[int], int]
    batch_at: Callable[[int, int], Batch | None]

    def batches(self, task: int, start: int = 0) -> Iterator[Batch | None]:
        """The batches of the steps from `start` on, read while the steps before them run."""
        return read_ahead(
            lambda step: self.batch_at(task, step), range(start, self.num_steps(task))
        )


def phases(method: Method, stream: TaskStream, config: Config) -> tuple[Phase, ...]:
    """What `method` does with every task, in order."""
    codec, wake, sleep = config.codec, config.wake, config.sleep

    def nothing(task: int, step: int) -> None:
        """Nothing comes in."""

    def once(name: str, step: Step) -> Phase:
        return Phase(name, step, lambda task: 1, nothing)

    def shuffled(name: str, step: Step, batch_size: int, num_steps: Callable[[int], int]) -> Phase:
        def batch_at(task: int, step: int) -> Batch:
            return stream.batch_at(task, batch_size=batch_size, step=step, seed=config.seed)

        return Phase(name, step, num_steps, batch_at)

    def ordered(task: int, step: int) -> Batch:
        return stream.ordered_batch_at(task, batch_size=config.eval_batch_size, step=step)

    def encode_steps(task: int) -> int:
        return codec.first_steps if task == 0 else codec.steps

    def replay_steps(task: int) -> int:
        return sleep.first_steps if task == 0 else sleep.steps

    def wake_steps(task: int) -> int:
        return wake.epochs * math.ceil(stream.spec.task_sizes[task] / wake.batch_size)

    def memorise_steps(task: int) -> int:
        return math.ceil(stream.spec.task_sizes[task] / config.eval_batch_size)

    def refine_steps(task: int) -> int:
        size = stream.spec.task_sizes[task]
        return codec.refine_epochs * math.ceil(size / codec.refine_batch_size)

    def refine_batch(task: int, step: int) -> Batch:
        size = codec.refine_batch_size
        step %= math.ceil(stream.spec.task_sizes[task] / size)
        return stream.ordered_batch_at(task, batch_size=size, step=step)

    encode = (
        [shuffled("encode", method.encode, codec.batch_size, encode_steps)] if method.encode else []
    )
    refine = (
        [Phase("refine", method.refine, refine_steps, refine_batch)]
        if method.refine and codec.refine_epochs
        else []
    )
    return (
        once("start", start_step),
        *encode,
        Phase("memorise", method.memorise, memorise_steps, ordered),
        *refine,
        shuffled("classify", classify_step, wake.batch_size, wake_steps),
        once("transfer", method.transfer),
        Phase("replay", replay_step, replay_steps, nothing),
    )
