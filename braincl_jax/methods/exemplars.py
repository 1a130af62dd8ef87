"""What the methods share that learn from raw images: exemplar replay, joint training, plain fine-tuning."""

import abc
import functools
import math
import zlib
from collections.abc import Callable, Sequence

import numpy as np

from braincl_jax import pipeline
from braincl_jax.data import TaskStream
from braincl_jax.memory.exemplars import ExemplarLayout
from braincl_jax.memory.places import ExemplarPlaces, Places, Written
from braincl_jax.methods.base import Method
from braincl_jax.pipeline import Phase
from braincl_jax.rehearsal import rehearsed
from braincl_jax.settings import settings
from braincl_jax.sleep import fall_asleep_step
from braincl_jax.types import Batch, Step
from braincl_jax.wake import memorise_images_step

# Tells the order of exemplars from the other random numbers of a task.
EXEMPLARS = zlib.crc32(b"exemplars")


@settings()
class ExemplarMethod(Method):
    """Raw images in place of cues; everything else is as in BrainCL.

    The state holds exemplars within their capacity. Other images that a method trains on asleep are read from the data
    set for the steps that show them.
    """

    @property
    @abc.abstractmethod
    def capacity(self) -> int:
        """How many images stay in long-term memory."""

    def at_hand(self, task: int) -> Sequence[int]:
        """The tasks whose images are all at hand in the night of a task, beside exemplars and outside the budget."""
        del task
        return ()

    @functools.cached_property
    def layout(self) -> ExemplarLayout:
        return ExemplarLayout(self.parts.spec, self.capacity)

    def phases(self, stream: TaskStream) -> tuple[Phase, ...]:
        parts, places = self.parts, self.places(stream)
        return (
            pipeline.start(parts, self.layout),
            *([self.memorise(stream, places)] if self.capacity else []),
            pipeline.classify(parts, self.layout if self.capacity else None, stream),
            self.transfer(),
            self.replay(stream, places.after),
        )

    def places(self, stream: TaskStream) -> ExemplarPlaces:
        """The slots of the exemplars."""
        return ExemplarPlaces(self.capacity, self.parts.spec, stream.train_labels)

    def transfer(self) -> Phase:
        """Sleep begins: nothing moves, since exemplars are where they stay."""
        return pipeline.transfer(functools.partial(fall_asleep_step, parts=self.parts))

    def memorise(self, stream: TaskStream, places: ExemplarPlaces) -> Phase:
        """Wake: a random part of the task's images, chosen by labels and seed alone, is read and kept as exemplars."""
        size = self.parts.config.eval_batch_size

        def batch_at(task: int, step: int) -> Batch:
            written, now = places.written(task), slice(step * size, (step + 1) * size)
            position = self.chosen(stream, task, written)
            return stream.batch_of(task, position[now], written.slot[now], batch_size=size)

        return Phase(
            "memorise",
            memorise_images_step,
            num_steps=lambda task: math.ceil(len(places.written(task).slot) / size),
            batch_at=batch_at,
            cut_by=("eval_batch_size",),
        )

    def over_slots(self, name: str, step: Step) -> Phase:
        """A phase of the night that goes through all slots once, `eval_batch_size` of them in a step."""
        number = math.ceil(self.capacity / self.parts.config.eval_batch_size)
        return Phase(
            name,
            step,
            num_steps=lambda task: number,
            asleep=True,
            cut_by=("eval_batch_size",),
        )

    def chosen(self, stream: TaskStream, task: int, written: Written) -> np.ndarray:
        """Which of the task's images are the exemplars that it brings: int [n], positions."""
        order = np.random.default_rng((self.parts.config.seed, EXEMPLARS, task)).permutation(
            stream.spec.task_sizes[task]
        )
        return ranked(order, stream.train_labels(task), written.label, written.rank)

    def replay(self, stream: TaskStream, slots: Callable[[int], Places]) -> Phase:
        """Sleep: the network learns from the exemplars, and from what is at hand besides.

        Args:
            stream: the tasks.
            slots: task -> what the exemplars are in its night.
        """
        if not self.at_hand(0):
            return pipeline.replay(self)
        sample_at = rehearsed("replay", self.parts, stream, at_hand=self.at_hand, slots=slots)
        return pipeline.rehearse(self, sample_at)


def ranked(
    order: np.ndarray, labels: np.ndarray, label: np.ndarray, rank: np.ndarray
) -> np.ndarray:
    """Which image each exemplar is, if the images of a class are ranked by their order.

    Args:
        order: int [N], a permutation of a task's images.
        labels: int32 [N], of the images.
        label: int32 [n], of each exemplar.
        rank: int32 [n], of each exemplar within its class, less than the class has images.

    Returns:
        int [n], positions among the task's images.
    """
    by_class = order[np.argsort(labels[order], kind="stable")]
    return by_class[np.searchsorted(labels[by_class], label) + rank]
