"""Reactivate: awake, what is remembered of older tasks is recalled beside the images that come in."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from braincl_jax.memory.block.integrity import INTACT
from braincl_jax.parts import MemoryLayout, Parts
from braincl_jax.prefetch import Ahead, prefetched_for, recallable
from braincl_jax.state import BrainState
from braincl_jax.types import Array, Draw, Now, Recalled


class Reactivated(NamedTuple):
    """What is recalled beside a batch.

    Attributes:
        image: uint8 [n, H, W, C], this device's.
        label: int32 [n].
        weight: float32 [n], of each image's loss in the mean (see `types.Draw`).
        any: bool scalar, whether there is anything to recall; if not, images are black.
        corrupt: int32 scalar, a slot whose string failed its integrity check, or -1.
    """

    image: Array
    label: Array
    weight: Array
    any: Array
    corrupt: Array


def reactivate(
    state: BrainState, now: Now, parts: Parts, layout: MemoryLayout, axis_name: str | None
) -> tuple[BrainState, Reactivated]:
    """A sample of what is remembered of tasks before this one.

    It is drawn and read ahead as in the night, and as large, but not varied. What a method has stored of the task
    itself by now is left out: these images come in anyway.

    Returns:
        the state, in which what has been read ahead is known, and what is recalled.
    """
    task = state.progress.task
    known = recallable(state, layout, task).stored.any()

    def recalled() -> tuple[Ahead, Draw, Recalled]:
        ahead, (drawn, read) = prefetched_for(state, now, task, parts, layout, axis_name)
        return ahead, drawn, layout.complete(state.memory, drawn.task, drawn.slot, read)

    def black() -> tuple[Ahead, Draw, Recalled]:
        _, drawn, found = jax.tree.map(jnp.zeros_like, jax.eval_shape(recalled))
        nothing = Ahead(state.memory.prefetched, state.consolidation.drawn_by)
        return nothing, drawn, found._replace(intact=jnp.ones(drawn.slot.shape, bool))

    ahead, drawn, found = jax.lax.cond(known, recalled, black)
    return ahead.known_in(state), Reactivated(
        image=found.image.reshape(-1, *found.image.shape[2:]),
        label=found.label.reshape(-1),
        weight=drawn.weight.reshape(-1),
        any=known,
        corrupt=jnp.where(found.intact, INTACT, drawn.slot).max(),
    )
