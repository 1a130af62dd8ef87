"""Prefetching: the strings of the next steps that recall, awake or asleep, are decoded together.

Entropy decoding goes symbol by symbol, and a step over a few strings takes nearly as long as one over many. What is
recalled in which step depends on the key and the step alone, so that the samples of several steps can be drawn and read
at once, and are the same as if each had been drawn in its own step.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import struct

from braincl_jax import collectives
from braincl_jax.parts import MemoryLayout, Parts
from braincl_jax.state import BrainState, Memory
from braincl_jax.types import Array, Draw, Index, Now, PyTree, Sample


class Prefetched(struct.PyTreeNode):
    """The samples of k steps of a phase and what the memory's strings say of them.

    It follows from the rest of the state, and is no part of what is remembered.

    Attributes:
        first: int32 scalar, the step of the first sample; -1 if nothing has been prefetched.
        task: int32 [G, k], of each group.
        slot: int32 [G, k, n].
        weight: float32 [G, k, n], see `types.Draw`.
        read: leaves [G, k, ...], see `parts.MemoryLayout.read`.
    """

    first: Array
    task: Array
    slot: Array
    weight: Array
    read: PyTree


class Ahead(NamedTuple):
    """What has been read ahead, and what it takes to read it again.

    Attributes:
        prefetched: the samples.
        drawn_by: float32 [K], the `class_loss` that they were drawn by.
    """

    prefetched: Prefetched
    drawn_by: Array

    def known_in(self, state: BrainState) -> BrainState:
        """The state with it."""
        return state.replace(
            memory=state.memory.replace(prefetched=self.prefetched),
            consolidation=state.consolidation.replace(drawn_by=self.drawn_by),
        )


def nothing_prefetched(parts: Parts, layout: MemoryLayout, memory: Memory) -> Prefetched:
    """Zeros of the shapes that `prefetch` returns, for a memory without `prefetched`."""
    config = parts.config.sleep
    task = jnp.zeros((config.num_groups, config.prefetch_steps), jnp.int32)
    slot = jnp.zeros((*task.shape, config.batch_size // config.num_groups), jnp.int32)
    read = jax.eval_shape(
        lambda: layout.read(memory, task.reshape(-1), slot.reshape(-1, slot.shape[-1]))
    )
    zeros = jax.tree.map(lambda x: jnp.zeros((*task.shape, *x.shape[1:]), x.dtype), read)
    return Prefetched(jnp.int32(-1), task, slot, jnp.zeros(slot.shape), zeros)


def prefetch(
    memory: Memory,
    known: Index,
    now: Now,
    first: Array,
    parts: Parts,
    layout: MemoryLayout,
    axis_name: str | None,
) -> Prefetched:
    """Draws and reads the samples of the steps from `first` (int32 scalar) on; each device reads its own groups.

    Args:
        memory: what is read.
        known: what of it may be drawn.
        now: a moment of the phase.
        first: int32 scalar.
        parts: sampler and settings.
        layout: of the memory.
        axis_name: of the devices.
    """
    drawn = draw_steps(known, now.phase_key, first, parts)
    task, slot, _ = collectives.own_slice(drawn, axis_name)
    read = layout.read(memory, task.reshape(-1), slot.reshape(-1, slot.shape[-1]))
    read = jax.tree.map(lambda x: x.reshape(*task.shape, *x.shape[1:]), read)
    return Prefetched(first, *drawn, collectives.concatenate(read, axis_name))


def draw_steps(known: Index, phase_key: Array, first: Array, parts: Parts) -> Draw:
    """The draws of `sleep.prefetch_steps` steps, from `first` (int32 scalar) on: leaves [G, k, ...].

    Args:
        known: what may be drawn.
        phase_key: PRNG key of the phase of the task; with the step, it decides what is drawn.
        first: the first step.
        parts: sampler and settings.
    """
    config = parts.config.sleep

    def draw(step: Array) -> Draw:
        return parts.sampler(
            jax.random.fold_in(jax.random.fold_in(phase_key, step), 0),
            known,
            parts.spec.num_classes,
            config.num_groups,
            config.batch_size // config.num_groups,
        )

    return jax.vmap(draw, out_axes=1)(first + jnp.arange(config.prefetch_steps))


def recallable(state: BrainState, layout: MemoryLayout, until: Array) -> Index:
    """What the memory holds of tasks before `until` (int32 scalar)."""
    index = layout.index(state.memory)
    return index._replace(stored=index.stored & (index.task < until))


def prefetched_for(
    state: BrainState,
    now: Now,
    until: Array,
    parts: Parts,
    layout: MemoryLayout,
    axis_name: str | None,
) -> tuple[Ahead, Sample]:
    """What this step recalls; the strings are decoded only if they have not been yet.

    All that is prefetched together is drawn by one `class_loss`, which is remembered: so it can be drawn again.

    Args:
        state: with a memory that holds something of these tasks.
        now: the moment.
        until: int32 scalar; what is recalled is of tasks before this one.
        parts: sampler and settings.
        layout: of the memory.
        axis_name: of the devices.

    Returns:
        what has now been read ahead; and this device's groups of the step's sample, G / D of them, with what is read of
        them, leaves [G / D, ...].
    """
    known, step = state.memory.prefetched, now.step
    first = step - step % parts.config.sleep.prefetch_steps
    losses = state.consolidation
    drawn_by = jnp.where(step == first, losses.class_loss, losses.drawn_by)
    prefetched = jax.lax.cond(
        (step == first) | (known.first != first),
        lambda: prefetch(
            state.memory,
            recallable(state, layout, until)._replace(class_loss=drawn_by),
            now,
            first,
            parts,
            layout,
            axis_name,
        ),
        lambda: known,
    )
    drawn = Draw(prefetched.task, prefetched.slot, prefetched.weight)
    sample = jax.tree.map(lambda x: x[:, step - first], Sample(drawn, prefetched.read))
    return Ahead(prefetched, drawn_by), collectives.own_slice(sample, axis_name)
