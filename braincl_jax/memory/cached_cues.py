"""Cues with what they recall kept beside them, as arrays: nothing is left to be decoded asleep."""

import dataclasses

import jax
import jax.numpy as jnp

from braincl_jax.memory.block.store import EpisodicMemory
from braincl_jax.memory.cue_layout import CueLayout
from braincl_jax.state import Memory
from braincl_jax.types import Array, Recalled


class CachedMemory(EpisodicMemory):
    """Strings, and what they recall: outside the byte budget.

    Attributes:
        cache: uint8 [S, H, W, C].
        intact: bool [S], whether the slot's string passed its integrity check when it was decoded.
    """

    cache: Array
    intact: Array


@dataclasses.dataclass(frozen=True, eq=False)
class CachedCueLayout(CueLayout):
    """Implements `parts.MemoryLayout` with recall from the cache.

    Attributes:
        group_size: n, cues in a group of a replay batch.
    """

    group_size: int

    def init(self, key: Array) -> Memory:
        memory = super().init(key)
        stored = memory.long_term
        fields = {field.name: getattr(stored, field.name) for field in dataclasses.fields(stored)}
        number = self.format.num_slots
        cache = jnp.zeros((number, *self.spec.image_shape), jnp.uint8)
        cached = CachedMemory(**fields, cache=cache, intact=jnp.zeros(number, bool))
        return memory.replace(long_term=cached)

    def read(self, memory: Memory, task: Array, slot: Array) -> None:
        """Nothing is left to be decoded."""

    def complete(self, memory: Memory, task: Array, slot: Array, read: None) -> Recalled:
        del task, read
        stored: CachedMemory = memory.long_term
        label = self.index(memory).label[slot]
        return Recalled(stored.cache[slot], label, stored.intact[slot])

    def fill(self, memory: Memory) -> Memory:
        """Recalls every stored cue into the cache, in groups as large as those of a replay step.

        Then the decoder sees batches of the same shape, and adds up its floats in the same order.
        """
        stored: CachedMemory = memory.long_term
        task, slot, valid = self.groups(stored)
        number = self.format.num_slots

        def recall_one(group: tuple[Array, Array]) -> tuple[Array, Array]:
            tasks, slots = group[0][None], group[1][None]
            read = CueLayout.read(self, memory, tasks, slots)
            recalled = CueLayout.complete(self, memory, tasks, slots, read)
            return recalled.image[0], recalled.intact[0]

        images, intact = jax.lax.map(recall_one, (task, slot))
        where = jnp.where(valid, slot, number).reshape(-1)
        cache = stored.cache.at[where].set(images.reshape(-1, *self.spec.image_shape), mode="drop")
        checked = stored.intact.at[where].set(intact.reshape(-1), mode="drop")
        return memory.replace(long_term=stored.replace(cache=cache, intact=checked))

    def groups(self, stored: EpisodicMemory) -> tuple[Array, Array, Array]:
        """Stored slots in groups of one task: task int32 [g], slot int32 [g, n], and which count, bool [g, n]."""
        counts, size = stored.task_counts, self.group_size
        group = jnp.arange(-(-self.format.num_slots // size) + self.spec.num_tasks)
        ends = jnp.cumsum(-(-counts // size))
        task = jnp.minimum(jnp.searchsorted(ends, group, side="right"), self.spec.num_tasks - 1)
        of_task = ends[task] - (-(-counts // size))[task]
        place = (group - of_task)[:, None] * size + jnp.arange(size)[None]
        valid = (place < counts[task][:, None]) & (group < ends[-1])[:, None]
        first = jnp.cumsum(counts) - counts
        slot = first[task][:, None] + jnp.clip(place, 0, jnp.maximum(counts[task] - 1, 0)[:, None])
        return task, slot, valid
