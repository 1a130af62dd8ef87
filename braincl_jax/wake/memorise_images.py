"""Memorise, for methods that keep raw images: write them into working memory as they are."""

import jax.numpy as jnp

from braincl_jax import collectives
from braincl_jax.memory.exemplars import Images
from braincl_jax.state import BrainState
from braincl_jax.types import Batch, Metrics, Now


def memorise_images_step(
    state: BrainState, batch: Batch, now: Now, axis_name: str | None = None
) -> tuple[BrainState, Metrics]:
    """Writes a batch of raw images into working memory, at `batch.index`."""
    del now
    batch = collectives.concatenate(batch, axis_name)
    working: Images = state.memory.working
    where = jnp.where(batch.index < 0, len(working.label), batch.index)
    task = working.task
    if task is not None:
        task = task.at[where].set(state.progress.task, mode="drop")
    written = Images(
        working.image.at[where].set(batch.image, mode="drop"),
        working.label.at[where].set(batch.label, mode="drop"),
        task,
    )
    return state.replace(memory=state.memory.replace(working=written)), {}
