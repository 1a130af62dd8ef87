"""Memorise, for methods that keep coded images: their strings, and what is decoded from them."""

import jax.numpy as jnp

from braincl_jax import collectives
from braincl_jax.state import BrainState
from braincl_jax.types import Coded, Metrics, Now
from braincl_jax.wake.memorise_images import memorise_images_step


def memorise_coded_step(
    state: BrainState, batch: Coded, now: Now, axis_name: str | None = None
) -> tuple[BrainState, Metrics]:
    """Writes decoded images as `memorise_images_step`, and their strings to the same slots.

    `state.own` has the strings, uint8 [S, n], and their lengths, uint16 [S].
    """
    state, metrics = memorise_images_step(state, batch.decoded, now, axis_name)
    index, string, length = collectives.concatenate(
        (batch.decoded.index, batch.string, batch.length), axis_name
    )
    own = state.own
    where = jnp.where(index < 0, len(own["lengths"]), index)
    strings = own["strings"].at[where].set(string, mode="drop")
    lengths = own["lengths"].at[where].set(length, mode="drop")
    return state.replace(own={"strings": strings, "lengths": lengths}), metrics
