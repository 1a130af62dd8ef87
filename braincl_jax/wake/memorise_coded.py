"""Memorise, for methods that keep coded images: their strings, and what is decoded from them."""

import jax.numpy as jnp

from braincl_jax import collectives
from braincl_jax.state import BrainState
from braincl_jax.types import Coded, Metrics, Now
from braincl_jax.wake.memorise_images import memorise_images_step


def memorise_coded_step(
    state: BrainState, batch: Coded, now: Now, axis_name: str | None = None
) -> tuple[BrainState, Metrics]:
    """Writes decoded images as `memorise_images_step`, and their strings to `state.own["strings"]`, uint8 [S, n]."""
    state, metrics = memorise_images_step(state, batch.decoded, now, axis_name)
    index, string = collectives.concatenate((batch.decoded.index, batch.string), axis_name)
    kept = state.own["strings"]
    where = jnp.where(index < 0, len(kept), index)
    return state.replace(own={"strings": kept.at[where].set(string, mode="drop")}), metrics
