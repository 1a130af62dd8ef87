"""Memorise, for methods that keep raw images: those that were chosen are written into their slots."""

import jax.numpy as jnp

from braincl_jax import collectives
from braincl_jax.memory.exemplars import Exemplars, Images
from braincl_jax.state import BrainState
from braincl_jax.types import Batch, Metrics, Now


def memorise_images_step(
    state: BrainState, batch: Batch, now: Now, axis_name: str | None = None
) -> tuple[BrainState, Metrics]:
    """Writes a batch of raw images of the task into the slots `batch.index`, over what was there."""
    del now
    batch = collectives.concatenate(batch, axis_name)
    stored: Exemplars = state.memory.long_term
    image, label, task = stored.images.image, stored.images.label, stored.images.task
    where = jnp.where(batch.index < 0, len(label), batch.index)
    if task is not None:
        task = task.at[where].set(state.progress.task.astype(task.dtype), mode="drop")
    written = Images(
        image.at[where].set(batch.image, mode="drop"),
        label.at[where].set(batch.label.astype(label.dtype), mode="drop"),
        task,
    )
    count = jnp.maximum(stored.count, batch.index.max() + 1)
    return state.replace(memory=state.memory.replace(long_term=Exemplars(written, count))), {}
