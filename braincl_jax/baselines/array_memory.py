"""A memory of raw images: with a class-balanced capacity it is exemplar replay, with all of it joint training."""

import dataclasses

import jax.numpy as jnp
from flax import struct

from braincl_jax import collectives
from braincl_jax.memory.budget import smallest_unsigned, tree_bytes
from braincl_jax.memory.selection import class_balanced_order
from braincl_jax.memory.store import Index
from braincl_jax.memory.working import EMPTY
from braincl_jax.parts import Parts
from braincl_jax.sleep.transfer import fall_asleep
from braincl_jax.state import BrainState, Memory, step_key
from braincl_jax.types import Array, Batch, Metrics, Recalled, StreamSpec


class Images(struct.PyTreeNode):
    """Raw images.

    Attributes:
        image: uint8 [S, H, W, C].
        label: [S]; working memory: int32, `EMPTY` in free slots. Long-term memory: the narrowest unsigned dtype.
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
class ArrayMemory:
    """Implements `parts.ReplayMemory`: replays exemplars together with all images of the current task.

    Attributes:
        spec: the static facts of the task stream.
        capacity: S, exemplars that can be stored.
    """

    spec: StreamSpec
    capacity: int

    def _images(self, number: int, dtype, fill: int) -> Images:
        return Images(
            jnp.zeros((number, *self.spec.image_shape), jnp.uint8), jnp.full(number, fill, dtype)
        )

    def init(self, key: Array) -> Memory:
        del key
        dtype = smallest_unsigned(self.spec.num_classes - 1)
        return Memory(
            working=self._images(self.spec.max_task_size, jnp.int32, EMPTY),
            long_term=Exemplars(self._images(self.capacity, dtype, 0), jnp.int32(0)),
        )

    def open_working(self, memory: Memory, task: Array, key: Array) -> Memory:
        del task, key
        return memory.replace(working=self._images(self.spec.max_task_size, jnp.int32, EMPTY))

    def replayable(self, memory: Memory) -> Images:
        """Exemplars, then working memory; labels int32, `EMPTY` in free slots."""
        stored, day = memory.long_term, memory.working
        used = jnp.arange(self.capacity) < stored.count
        label = jnp.where(used, stored.images.label.astype(jnp.int32), EMPTY)
        return Images(
            jnp.concatenate([stored.images.image, day.image]), jnp.concatenate([label, day.label])
        )

    def index(self, memory: Memory) -> Index:
        label = self.replayable(memory).label
        task = label // (self.spec.num_classes // self.spec.num_tasks)
        # The task's own exemplars are among its images, which are all there: they must not count twice.
        today = memory.working.label.max() // (self.spec.num_classes // self.spec.num_tasks)
        double = (jnp.arange(len(label)) < self.capacity) & (task == today)
        return Index(jnp.maximum(label, 0), task, (label != EMPTY) & ~double)

    def recall(self, memory: Memory, task: Array, slot: Array) -> Recalled:
        del task
        images = self.replayable(memory)
        return Recalled(images.image[slot], images.label[slot], jnp.ones(slot.shape, bool))

    def bill(self, memory: Memory) -> dict[str, int]:
        stored = memory.long_term
        return {
            "strings": tree_bytes(stored.images.image),
            "index": tree_bytes(stored.count),
            "labels": tree_bytes(stored.images.label),
            "decoders": 0,
            "tables": 0,
        }

    def num_stored(self, memory: Memory) -> int:
        return int(memory.long_term.count)


def exemplars_for(budget_bytes: int, spec: StreamSpec) -> int:
    """How many raw images, with their labels and the count, a byte budget pays for.

    Raises:
        ValueError: it pays for fewer than one image of each class.
    """
    height, width, channels = spec.image_shape
    each = height * width * channels + smallest_unsigned(spec.num_classes - 1).itemsize
    number = min((budget_bytes - jnp.int32(0).nbytes) // each, spec.num_images)
    if number < spec.num_classes:
        raise ValueError(
            f"budget_bytes={budget_bytes} pays for {max(number, 0)} raw exemplars of {each} bytes, but there are "
            f"{spec.num_classes} classes: raise it to at least {spec.num_classes * each + 4}"
        )
    return number


def memorise_images_step(
    state: BrainState, batch: Batch, *, parts: Parts, axis_name: str | None = None
) -> tuple[BrainState, Metrics]:
    """Writes a batch of raw images into working memory."""
    del parts
    batch = collectives.concatenate(batch, axis_name)
    day: Images = state.memory.working
    where = jnp.where(batch.index < 0, len(day.label), batch.index)
    written = Images(
        day.image.at[where].set(batch.image, mode="drop"),
        day.label.at[where].set(batch.label, mode="drop"),
    )
    return (
        state.replace(
            memory=state.memory.replace(working=written),
            progress=state.progress.advance("memorise"),
        ),
        {},
    )


def select_exemplars_step(
    state: BrainState, batch: None, *, parts: Parts, axis_name: str | None = None
) -> tuple[BrainState, Metrics]:
    """Chooses the exemplars anew, class-balanced, from the old ones and the task's images.

    Working memory stays: during this sleep the task's images are replayed in full beside the exemplars of the
    others, as exemplar methods do (iCaRL, Rebuffi et al. 2017).
    """
    del batch, axis_name
    memory = parts.memory
    assert isinstance(memory, ArrayMemory)
    candidates = memory.replayable(state.memory)
    valid = candidates.label != EMPTY
    order = class_balanced_order(step_key(state, "transfer"), candidates.label, valid)
    order = order[: memory.capacity]
    chosen = Exemplars(
        Images(
            candidates.image[order],
            candidates.label[order].astype(state.memory.long_term.images.label.dtype),
        ),
        jnp.minimum(valid.sum(), memory.capacity),
    )
    asleep = fall_asleep(state, parts)
    return asleep.replace(memory=asleep.memory.replace(long_term=chosen)), {"stored": chosen.count}
