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
) -> Reactivated:
    """A sample of what is remembered of tasks before this one.

    It is drawn by the sampler of nights and as large as theirs, but not varied. What a method has stored of the task
    itself by now is left out: these images come in anyway.
    """
    sleep, known = parts.config.sleep, layout.index(state.memory)
    older = known._replace(
        stored=known.stored & (known.task < state.progress.task),
        class_loss=state.consolidation.class_loss,
    )

    def recalled() -> tuple[Recalled, Array, Array]:
        drawn = parts.sampler(
            now.key,
            older,
            parts.spec.num_classes,
            sleep.num_groups,
            sleep.batch_size // sleep.num_groups,
        )
        task, slot, weight = collectives.own_slice(drawn, axis_name)
        return recall(layout, state.memory, task, slot), slot, weight

    def black() -> tuple[Recalled, Array, Array]:
        found, slot, weight = jax.tree.map(jnp.zeros_like, jax.eval_shape(recalled))
        return found._replace(intact=jnp.ones(slot.shape, bool)), slot, weight

    found, slot, weight = jax.lax.cond(older.stored.any(), recalled, black)
    return Reactivated(
        image=found.image.reshape(-1, *found.image.shape[2:]),
        label=found.label.reshape(-1),
        weight=weight.reshape(-1),
        any=older.stored.any(),
        corrupt=jnp.where(found.intact, INTACT, slot).max(),
    )
