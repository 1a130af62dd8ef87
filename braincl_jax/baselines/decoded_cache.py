"""BrainCL that keeps what it recalls as arrays, beside the strings: an ablation of decoding inside the step."""

import dataclasses

import jax
import jax.numpy as jnp

from braincl_jax.memory.budget import tree_bytes
from braincl_jax.memory.cue_memory import CueMemory
from braincl_jax.memory.store import EpisodicMemory
from braincl_jax.parts import Parts
from braincl_jax.sleep.transfer import transfer_step
from braincl_jax.state import BrainState, Memory
from braincl_jax.types import Array, Index, Metrics, Recalled

CHUNK = 16


class CachedMemory(EpisodicMemory):
    """Strings, and what they recall: outside the byte budget.

    Attributes:
        cache: uint8 [S, H, W, C].
        intact: bool [S], whether the slot's string passed its integrity check when it was decoded.
    """

    cache: Array
    intact: Array


@dataclasses.dataclass(frozen=True, eq=False)
class DecodedCache(CueMemory):
    """Implements `parts.ReplayMemory` with recall from the cache."""

    def init(self, key: Array) -> Memory:
        memory = super().init(key)
        stored = memory.long_term
        fields = {field.name: getattr(stored, field.name) for field in dataclasses.fields(stored)}
        number = self.form.num_slots
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

    def bill(self, memory: Memory) -> dict[str, int]:
        return super().bill(memory) | {
            "decoded_cache": tree_bytes((memory.long_term.cache, memory.long_term.intact))
        }

    def fill(self, memory: Memory) -> Memory:
        """Recalls every stored cue into the cache."""
        stored: CachedMemory = memory.long_term
        known: Index = self.index(memory)
        number = len(known.label)

        def recall_chunk(first: Array) -> tuple[Array, Array]:
            slots = jnp.minimum(first + jnp.arange(CHUNK), number - 1)
            tasks = jnp.minimum(known.task[slots], self.spec.num_tasks - 1)
            letters = CueMemory.read(self, memory, tasks, slots[:, None])
            recalled = CueMemory.complete(self, memory, tasks, slots[:, None], letters)
            return recalled.image[:, 0], recalled.intact[:, 0]

        images, intact = jax.lax.map(recall_chunk, jnp.arange(0, number, CHUNK))
        images = images.reshape(-1, *self.spec.image_shape)[:number]
        filled = stored.replace(cache=images, intact=intact.reshape(-1)[:number])
        return memory.replace(long_term=filled)


def transfer_and_decode_step(
    state: BrainState, batch: None, *, parts: Parts, axis_name: str | None = None
) -> tuple[BrainState, Metrics]:
    """`transfer_step`, and then everything stored is recalled once."""
    state, metrics = transfer_step(state, batch, parts=parts, axis_name=axis_name)
    assert isinstance(parts.memory, DecodedCache)
    return state.replace(memory=parts.memory.fill(state.memory)), metrics
