"""Memorise, for methods that keep raw images: those that were chosen are written into their slots."""

from braincl_jax import collectives
from braincl_jax.memory.exemplars import write_images
from braincl_jax.state import BrainState
from braincl_jax.types import Batch, Metrics, Now


def memorise_images_step(
    state: BrainState, batch: Batch, now: Now, axis_name: str | None = None
) -> tuple[BrainState, Metrics]:
    """Writes a batch of raw images of the task into the slots `batch.index`."""
    del now
    batch = collectives.concatenate(batch, axis_name)
    return state.replace(memory=write_images(state.memory, batch, state.progress.task)), {}
