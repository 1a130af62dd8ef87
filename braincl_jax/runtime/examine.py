"""Examining a brain: the method's answers to test images, from all devices."""

import dataclasses
import functools
from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from braincl_jax import collectives
from braincl_jax.data import TaskStream
from braincl_jax.evaluators.base import Answers, Evaluator, Exam
from braincl_jax.methods import Method
from braincl_jax.pipeline import Notes
from braincl_jax.runtime.devices import Devices
from braincl_jax.runtime.stages import build_evaluators
from braincl_jax.state import BrainState
from braincl_jax.types import Array, Batch, PyTree


@dataclasses.dataclass(frozen=True, eq=False)
class Examiner:
    """Makes exams; it compiles the method's `predict` once.

    Attributes:
        method: the learner.
        stream: the tasks.
        devices: where its state is.
        evaluators: who looks, by the names in the config.
        answer: (state, batch) -> logits [B, K], label [B] and index [B] of the whole batch.
    """

    method: Method
    stream: TaskStream
    devices: Devices
    evaluators: dict[str, Evaluator]
    answer: Callable[[PyTree, Batch], tuple[Array, Array, Array]]

    @classmethod
    def build(cls, method: Method, stream: TaskStream, devices: Devices) -> "Examiner":
        """An examiner of this method on these devices."""

        def answer(state: BrainState, batch: Batch, *, axis_name: str | None = None):
            logits = method.predict(state, batch.image)
            return collectives.concatenate((logits, batch.label, batch.index), axis_name)

        evaluators = build_evaluators(method.parts.config.evaluators)
        return cls(method, stream, devices, evaluators, devices.map_reader(answer))

    def exam(self, state: PyTree, task: int, notes: Notes) -> Exam:
        """The brain as it is now; `state` must not be donated while the exam lasts."""
        size = self.method.parts.config.eval_batch_size

        def ask(task: int) -> Answers:
            return self._answers(state, self.stream.test_batches(task, batch_size=size))

        def predict(images: NDArray[np.uint8]) -> NDArray[np.float32]:
            return self._answers(state, padded_batches(images, size, self.devices.part)).logits

        @functools.cache
        def fetch() -> BrainState:
            return jax.device_put(self.devices.fetch(state))

        return Exam(task, self.stream, self.method, notes, predict, ask, fetch)

    def _answers(self, state: PyTree, batches: Iterator[Batch]) -> Answers:
        logits, labels = [], []
        for batch in batches:
            some, label, index = jax.device_get(self.answer(state, batch))
            logits.append(some[index >= 0])
            labels.append(label[index >= 0])
        return Answers(np.concatenate(logits), np.concatenate(labels))


def padded_batches(images: NDArray[np.uint8], size: int, part: tuple[int, int]) -> Iterator[Batch]:
    """Images in batches of `size`, the last one filled up; of each, part i of n equal ones, `part` = (i, n)."""
    own = size // part[1]
    for first in range(0, len(images), size):
        index = np.arange(first + part[0] * own, first + (part[0] + 1) * own)
        there = index < len(images)
        yield Batch(
            image=jnp.asarray(images[np.where(there, index, 0)]),
            label=jnp.zeros(own, jnp.int32),
            index=jnp.asarray(np.where(there, index, -1), jnp.int32),
        )
