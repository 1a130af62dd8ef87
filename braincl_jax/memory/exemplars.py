"""A memory of raw images: with a class-balanced capacity it is exemplar replay, with all of it joint training."""

import dataclasses

import jax.numpy as jnp
from flax import struct

from braincl_jax.memory.budget import smallest_unsigned, tree_bytes
from braincl_jax.memory.working import EMPTY
from braincl_jax.state import Memory
from braincl_jax.types import Array, Index, Recalled, StreamSpec


class Images(struct.PyTreeNode):
    """Raw images.

    Attributes:
        image: uint8 [S, H, W, C].
        label: [S]; working memory: int32, `EMPTY` in free slots. Long-term memory: the narrowest unsigned dtype.
        task: [S], as `label`; None where no class recurs, since then the label tells it.
    """

    image: Array
    label: Array
    task: Array | None = None


class Exemplars(struct.PyTreeNode):
    """Long-term memory of raw images.

    Attributes:
        images: S slots, those in use first.
        count: int32 scalar, slots in use.
    """

    images: Images
    count: Array


@dataclasses.dataclass(frozen=True, eq=False)
class ExemplarLayout:
    """Implements `parts.MemoryLayout`: slots are the exemplars, then working memory.

    Attributes:
        spec: the static facts of the task stream.
        capacity: S, exemplars that can be stored.
        keeps_task: whether all images of the current task are at hand during sleep, beside the exemplars and outside
            the budget, or only what is in long-term memory.
    """

    spec: StreamSpec
    capacity: int
    keeps_task: bool

    def empty_working(self) -> Images:
        """No images."""
        number, recur = self.spec.max_task_size, self.spec.classes_recur
        return Images(
            image=jnp.zeros((number, *self.spec.image_shape), jnp.uint8),
            label=jnp.full(number, EMPTY, jnp.int32),
            task=jnp.full(number, EMPTY, jnp.int32) if recur else None,
        )

    def init(self, key: Array) -> Memory:
        del key
        spec, number = self.spec, self.capacity
        label, task = (smallest_unsigned(most - 1) for most in (spec.num_classes, spec.num_tasks))
        images = Images(
            image=jnp.zeros((number, *spec.image_shape), jnp.uint8),
            label=jnp.zeros(number, label),
            task=jnp.zeros(number, task) if spec.classes_recur else None,
        )
        return Memory(working=self.empty_working(), long_term=Exemplars(images, jnp.int32(0)))

    def open_working(self, memory: Memory, task: Array, key: Array) -> Memory:
        del task, key
        return memory.replace(working=self.empty_working())

    def labels(self, memory: Memory) -> Array:
        """int32 [S + N], `EMPTY` in free slots."""
        return self._joined(memory, memory.long_term.images.label, memory.working.label)

    def tasks(self, memory: Memory) -> Array:
        """int32 [S + N], `EMPTY` in free slots."""
        if not self.spec.classes_recur:
            return self.spec.tasks_of(self.labels(memory))
        return self._joined(memory, memory.long_term.images.task, memory.working.task)

    def _joined(self, memory: Memory, stored: Array, working: Array) -> Array:
        used = jnp.arange(self.capacity) < memory.long_term.count
        return jnp.concatenate([jnp.where(used, stored.astype(jnp.int32), EMPTY), working])

    def index(self, memory: Memory) -> Index:
        label, task = self.labels(memory), self.tasks(memory)
        # Exemplars of the current task are among its images: where those are at hand, they must not count twice.
        today = task[self.capacity :].max()
        double = (jnp.arange(len(label)) < self.capacity) & (task == today)
        return Index(jnp.maximum(label, 0), task, (label != EMPTY) & ~double)

    def images(self, memory: Memory, slot: Array) -> Array:
        """uint8 [..., H, W, C] of slots int32 [...]."""
        working = memory.working.image[jnp.maximum(slot - self.capacity, 0)]
        if self.capacity == 0:
            return working
        stored = memory.long_term.images.image[jnp.minimum(slot, self.capacity - 1)]
        of_working = jnp.expand_dims(slot >= self.capacity, range(slot.ndim, stored.ndim))
        return jnp.where(of_working, working, stored)

    def read(self, memory: Memory, task: Array, slot: Array) -> None:
        """Nothing is coded."""

    def complete(self, memory: Memory, task: Array, slot: Array, read: None) -> Recalled:
        del task, read
        label = self.labels(memory)[slot]
        return Recalled(self.images(memory, slot), label, jnp.ones(slot.shape, bool))

    def bill(self, memory: Memory) -> dict[str, int]:
        stored = memory.long_term
        return {
            "strings": tree_bytes(stored.images.image),
            "index": tree_bytes((stored.count, stored.images.task)),
            "labels": tree_bytes(stored.images.label),
            "decoders": 0,
            "tables": 0,
        }

    def num_stored(self, memory: Memory) -> int:
        return int(memory.long_term.count)


def exemplars_for(budget_bytes: int, spec: StreamSpec) -> int:
    """How many raw images, with their labels, the tasks that these do not tell, and the count, a byte budget pays for.

    Raises:
        ValueError: it pays for fewer than one image of each class.
    """
    height, width, channels = spec.image_shape
    each = height * width * channels + smallest_unsigned(spec.num_classes - 1).itemsize
    if spec.classes_recur:
        each += smallest_unsigned(spec.num_tasks - 1).itemsize
    number = min((budget_bytes - jnp.int32(0).nbytes) // each, spec.num_images)
    if number < spec.num_classes:
        raise ValueError(
            f"budget_bytes={budget_bytes} pays for {max(number, 0)} raw exemplars of {each} bytes, but there are "
            f"{spec.num_classes} classes: raise it to at least {spec.num_classes * each + 4}"
        )
    return number
