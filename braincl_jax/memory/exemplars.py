"""A memory of raw images: exemplars, beside which others may come in from the data set."""

import dataclasses
import math
from typing import NamedTuple

import jax.numpy as jnp
from flax import struct

from braincl_jax.memory.budget import smallest_unsigned, tree_bytes
from braincl_jax.state import Memory
from braincl_jax.types import Array, Batch, Index, Recalled, StreamSpec


class Images(struct.PyTreeNode):
    """Raw images.

    Attributes:
        image: uint8 [S, H, W, C].
        label: [S], the narrowest unsigned dtype.
        task: [S], as `label`; None where no class recurs, since then the label tells it.
    """

    image: Array
    label: Array
    task: Array | None = None


class CameIn(NamedTuple):
    """Images that have come in from the data set for the groups of a step, in place of what a memory reads of itself.

    Attributes:
        image: uint8 [G, n, H, W, C]; zeros where the slot that is drawn is one of the memory.
        label: int32 [G, n].
    """

    image: Array
    label: Array


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
    """Implements `parts.MemoryLayout`: slots are the exemplars.

    Attributes:
        spec: the static facts of the task stream.
        capacity: S, exemplars that can be stored.
    """

    spec: StreamSpec
    capacity: int

    def init(self, key: Array) -> Memory:
        del key
        spec, number = self.spec, self.capacity
        label, task = (smallest_unsigned(most - 1) for most in (spec.num_classes, spec.num_tasks))
        images = Images(
            image=jnp.zeros((number, *spec.image_shape), jnp.uint8),
            label=jnp.zeros(number, label),
            task=jnp.zeros(number, task) if spec.classes_recur else None,
        )
        return Memory(working=None, long_term=Exemplars(images, jnp.int32(0)))

    def open_working(self, memory: Memory, task: Array, key: Array) -> Memory:
        """Nothing waits: an exemplar is written where it stays."""
        del task, key
        return memory

    def index(self, memory: Memory) -> Index:
        images, count = memory.long_term.images, memory.long_term.count
        label = images.label.astype(jnp.int32)
        task = self.spec.tasks_of(label) if images.task is None else images.task.astype(jnp.int32)
        return Index(label, task, jnp.arange(self.capacity) < count)

    def read(self, memory: Memory, task: Array, slot: Array) -> None:
        """Nothing is coded."""

    def complete(self, memory: Memory, task: Array, slot: Array, read: CameIn | None) -> Recalled:
        """Images of slots int32 [G, n]; those of slot -1 have come in."""
        del task
        intact = jnp.ones(slot.shape, bool)
        if read is not None and self.capacity == 0:
            return Recalled(read.image, read.label, intact)
        stored = memory.long_term.images
        image, label = stored.image[slot], stored.label[slot].astype(jnp.int32)
        if read is not None:
            came_in = slot < 0
            over_pixels = jnp.expand_dims(came_in, range(slot.ndim, image.ndim))
            image = jnp.where(over_pixels, read.image, image)
            label = jnp.where(came_in, read.label, label)
        return Recalled(image, label, intact)

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


def write_images(memory: Memory, batch: Batch, task: Array) -> Memory:
    """Writes images of a task (int32 scalar) into the slots `batch.index`, over what was there; -1 is left out."""
    stored: Exemplars = memory.long_term
    image, label, owner = stored.images.image, stored.images.label, stored.images.task
    where = jnp.where(batch.index < 0, len(label), batch.index)
    if owner is not None:
        owner = owner.at[where].set(task.astype(owner.dtype), mode="drop")
    written = Images(
        image.at[where].set(batch.image, mode="drop"),
        label.at[where].set(batch.label.astype(label.dtype), mode="drop"),
        owner,
    )
    count = jnp.maximum(stored.count, batch.index.max() + 1)
    return memory.replace(long_term=Exemplars(written, count))


def image_bytes(spec: StreamSpec) -> tuple[int, int]:
    """What a raw image weighs: its pixels, and its label with the task that this does not tell."""
    beside = smallest_unsigned(spec.num_classes - 1).itemsize
    if spec.classes_recur:
        beside += smallest_unsigned(spec.num_tasks - 1).itemsize
    return math.prod(spec.image_shape), beside


def exemplars_for(budget_bytes: int, spec: StreamSpec, each: int = 0) -> int:
    """How many exemplars, and their count, a byte budget pays for.

    Args:
        budget_bytes: hard limit.
        spec: the static facts of the stream.
        each: bytes of an exemplar with all that is kept of it; 0 stands for a raw image with its label and the task
            that this does not tell.

    Raises:
        ValueError: it pays for fewer than one image of each class.
    """
    each = each or sum(image_bytes(spec))
    number = min((budget_bytes - jnp.int32(0).nbytes) // each, spec.num_images)
    if number < spec.num_classes:
        raise ValueError(
            f"budget_bytes={budget_bytes} pays for {max(number, 0)} exemplars of {each} bytes, but there are "
            f"{spec.num_classes} classes: raise it (or bytes_per_class) to at least "
            f"{spec.num_classes * each + 4} bytes in all"
        )
    return number
