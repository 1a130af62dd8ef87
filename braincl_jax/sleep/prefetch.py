"""Reading ahead: the strings of the next steps of replay are decoded together.

Entropy decoding goes symbol by symbol, and a step over a few strings takes nearly as long as one over many. What is
replayed in which step depends on the key and the step alone, so that the samples of several steps can be drawn and read
at once, and are the same as if each had been drawn in its own step.
"""

import jax
import jax.numpy as jnp
from flax import struct

from braincl_jax import collectives
from braincl_jax.parts import Parts
from braincl_jax.state import BrainState, Memory, named_key
from braincl_jax.types import Array, PyTree


class Prefetched(struct.PyTreeNode):
    """The samples of k steps of replay and what the memory's strings say of them.

    It follows from the rest of the state, and is no part of what is remembered.

    Attributes:
        first: int32 scalar, the step of the first sample; -1 if nothing has been read.
        task: int32 [G, k], of each group.
        slot: int32 [G, k, n].
        read: leaves [G, k, ...], see `parts.MemoryLayout.read`.
    """

    first: Array
    task: Array
    slot: Array
    read: PyTree


def nothing_prefetched(parts: Parts, memory: Memory) -> Prefetched:
    """Zeros of the shapes that `prefetch` returns, for a memory without `prefetched`."""
    config = parts.config.sleep
    task = jnp.zeros((config.num_groups, config.prefetch_steps), jnp.int32)
    slot = jnp.zeros((*task.shape, config.batch_size // config.num_groups), jnp.int32)
    read = jax.eval_shape(
        lambda: parts.memory.read(memory, task.reshape(-1), slot.reshape(-1, slot.shape[-1]))
    )
    zeros = jax.tree.map(lambda x: jnp.zeros((*task.shape, *x.shape[1:]), x.dtype), read)
    return Prefetched(jnp.int32(-1), task, slot, zeros)


def prefetch(state: BrainState, first: Array, parts: Parts, axis_name: str | None) -> Prefetched:
    """Draws and reads the samples of the steps from `first` (int32 scalar) on; each device reads its own groups."""
    config, memory = parts.config.sleep, state.memory
    known = parts.memory.index(memory)

    def draw(step: Array) -> tuple[Array, Array]:
        key = named_key(state.key, "replay", state.progress.task, step)
        group_size = config.batch_size // config.num_groups
        return parts.sampler(
            jax.random.fold_in(key, 0),
            known,
            parts.spec.num_classes,
            config.num_groups,
            group_size,
        )

    drawn = jax.vmap(draw, out_axes=1)(first + jnp.arange(config.prefetch_steps))
    task, slot = collectives.own_slice(drawn, axis_name)
    read = parts.memory.read(memory, task.reshape(-1), slot.reshape(-1, slot.shape[-1]))
    read = jax.tree.map(lambda x: x.reshape(*task.shape, *x.shape[1:]), read)
    return Prefetched(first, *drawn, collectives.concatenate(read, axis_name))


def prefetched_for(
    state: BrainState, step: Array, parts: Parts, axis_name: str | None
) -> tuple[Prefetched, tuple[Array, Array, PyTree]]:
    """What `step` (int32 scalar) of the night replays; the strings are decoded only if they have not been yet.

    Returns:
        what has now been read; and this device's groups of the step's sample: task int32 [G / D], slot int32
        [G / D, n] and what is read of them, leaves [G / D, ...].
    """
    known = state.memory.prefetched
    first = step - step % parts.config.sleep.prefetch_steps
    prefetched = jax.lax.cond(
        (step == first) | (known.first != first),
        lambda: prefetch(state, first, parts, axis_name),
        lambda: known,
    )
    sample = jax.tree.map(
        lambda x: x[:, step - first], (prefetched.task, prefetched.slot, prefetched.read)
    )
    return prefetched, collectives.own_slice(sample, axis_name)
