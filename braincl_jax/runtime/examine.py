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
from braincl_jax.runtime.stages import build_evaluators, require_demands
from braincl_jax.state import BrainState
from braincl_jax.types import Array, Batch, PyTree

# (state, batch) -> what is asked for [B, ...], label [B] and index [B], of the whole batch.
Reader = Callable[[PyTree, Batch], tuple[Array, Array, Array]]


@dataclasses.dataclass(frozen=True, eq=False)
class Examiner:
    """Makes exams; it compiles the method's `predict` once.

    Attributes:
        method: the learner.
        stream: the tasks.
        devices: where its state is.
        evaluators: who looks, by the names in the config.
        answer: (state, batch) -> logits [B, K], label [B] and index [B] of the whole batch.
        describe: the same with features [B, F] in place of logits.
    """

    method: Method
    stream: TaskStream
    devices: Devices
    evaluators: dict[str, Evaluator]
    answer: Reader
    describe: Reader

    @classmethod
    def build(cls, method: Method, stream: TaskStream, devices: Devices) -> "Examiner":
        """An examiner of this method on these devices; what it does not need is never compiled.

        Raises:
            ValueError: an evaluator lacks something that it needs.
        """

        def of_whole_batch(function: Callable[[BrainState, Array], Array]) -> Reader:
            def read(state: BrainState, batch: Batch, *, axis_name: str | None = None):
                own = function(state, batch.image)
                return collectives.concatenate((own, batch.label, batch.index), axis_name)

            # Profiles tell readers by their names.
            read.__name__ = read.__qualname__ = function.__name__
            return devices.map_reader(read)

        config = method.parts.config
        evaluators = build_evaluators(config.evaluators)
        require_demands(evaluators.values(), config, stream)
        readers = map(of_whole_batch, (method.predict, method.features))
        return cls(method, stream, devices, evaluators, *readers)

    def exam(self, state: PyTree, task: int, notes: Notes) -> Exam:
        """The brain as it is now; `state` must not be donated while the exam lasts."""
        size = self.method.parts.config.eval_batch_size

        def ask(task: int) -> Answers:
            batches = self.stream.test_batches(task, batch_size=size)
            return Answers(*_read(self.answer, state, batches))

        def reads(reader: Reader) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
            def read(images: NDArray[np.uint8]) -> NDArray[np.float32]:
                return _read(reader, state, padded_batches(images, size, self.devices.part))[0]

            return read

        @functools.cache
        def fetch() -> BrainState:
            return jax.device_put(self.devices.fetch(state))

        predict, features = reads(self.answer), reads(self.describe)
        return Exam(task, self.stream, self.method, notes, predict, features, ask, fetch)


def _read(
    reader: Reader, state: PyTree, batches: Iterator[Batch]
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """What is read of all images, and their labels; padding is left out."""
    outputs, labels = [], []
    for batch in batches:
        output, label, index = jax.device_get(reader(state, batch))
        outputs.append(output[index >= 0])
        labels.append(label[index >= 0])
    return np.concatenate(outputs), np.concatenate(labels)


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
