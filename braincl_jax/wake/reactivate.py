"""Reactivate: awake, what is remembered of older tasks is recalled beside the images that come in."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from braincl_jax import collectives
from braincl_jax.memory.block.integrity import INTACT
from braincl_jax.parts import MemoryLayout, Parts, recall
from braincl_jax.state import BrainState
from braincl_jax.types import Array, Now, Recalled


class Reactivated(NamedTuple):
    """What is recalled beside a batch.

    Attributes:
        image: uint8 [n, H, W, C], this device's.
        label: int32 [n].
        any: bool scalar, whether there is anything to recall; if not, images are black.
        corrupt: int32 scalar, a slot whose string failed its integrity check, or -1.
    """

    image: Array
    label: Array
    any: Array
    corrupt: Array


def reactivate(
    state: BrainState, now: Now, parts: Parts, layout: MemoryLayout, axis_name: str | None
) -> Reactivated:
    """A sample of the long-term memory, drawn by the sampler of nights and as large as theirs, but not varied."""
    known, sleep = layout.index(state.memory), parts.config.sleep
    known = known._replace(class_loss=state.consolidation.class_loss)
    key, group_size = (
        jax.random.fold_in(now.phase_key, now.step),
        sleep.batch_size // sleep.num_groups,
    )
    drawn = parts.sampler(key, known, parts.spec.num_classes, sleep.num_groups, group_size)
    task, slot, _ = collectives.own_slice(drawn, axis_name)

    def recalled() -> Recalled:
        return recall(layout, state.memory, task, slot)

    def black() -> Recalled:
        nothing = jax.tree.map(jnp.zeros_like, jax.eval_shape(recalled))
        return nothing._replace(intact=jnp.ones(slot.shape, bool))

    found = jax.lax.cond(known.stored.any(), recalled, black)
    return Reactivated(
        image=found.image.reshape(-1, *found.image.shape[2:]),
        label=found.label.reshape(-1),
        any=known.stored.any(),
        corrupt=jnp.where(found.intact, INTACT, slot).max(),
    )
