"""Herd: when a night ends, the images of the task are looked at, and those that stand for their classes are kept."""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np

from braincl_jax import collectives
from braincl_jax.memory.exemplars import write_images
from braincl_jax.memory.herding import Herd, herding_ranks
from braincl_jax.memory.working import EMPTY
from braincl_jax.sleep.class_means import normalised
from braincl_jax.state import BrainState
from braincl_jax.types import Array, Batch, Metrics, Now


def look_step(
    state: BrainState,
    batch: Batch,
    now: Now,
    axis_name: str | None = None,
    *,
    features_of: Callable[[BrainState, Array], Array],
) -> tuple[BrainState, Metrics]:
    """Writes the features of a batch, brought to length 1, into working memory at `batch.index`."""
    del now
    features = normalised(features_of(state, batch.image))
    features, label, index = collectives.concatenate(
        (features, batch.label, batch.index), axis_name
    )
    herd: Herd = state.memory.working
    where = jnp.where(index < 0, len(herd.label), index)
    seen = herd.replace(
        features=herd.features.at[where].set(features, mode="drop"),
        label=herd.label.at[where].set(label, mode="drop"),
    )
    return state.replace(memory=state.memory.replace(working=seen)), {}


def choose_step(
    state: BrainState,
    batch: None,
    now: Now,
    axis_name: str | None = None,
    *,
    label: np.ndarray,
    slot: np.ndarray,
) -> tuple[BrainState, Metrics]:
    """Ranks the images of each class by herding, and gives the first ones their slots; `batch` is None.

    Args:
        state: every image has been looked at.
        batch: None.
        now: the moment.
        axis_name: of the devices.
        label: int32 [T, S], the labels of the exemplars that each task brings, in order, and behind them K.
        slot: int32 [T, S], the slot of each, by rank within a label.
    """
    del batch, now
    herd: Herd = state.memory.working
    num_classes = len(state.consolidation.seen_classes)
    task = state.progress.task
    labels, slots = jnp.asarray(label)[task], jnp.asarray(slot)[task]
    shares = jnp.zeros(num_classes, jnp.int32).at[labels].add(1, mode="drop")
    # GPUs may add up a class's features in another order each time, and then choose another image.
    rank = collectives.of_first(
        herding_ranks(herd.features, herd.label, num_classes, shares.max()), axis_name
    )
    own = jnp.maximum(herd.label, 0)
    entry = jnp.searchsorted(labels, own) + rank
    kept = (herd.label >= 0) & (rank < shares[own])
    chosen = herd.replace(
        features=jnp.zeros_like(herd.features),
        slot=jnp.where(kept, slots[jnp.minimum(entry, len(slots) - 1)], EMPTY),
    )
    return state.replace(memory=state.memory.replace(working=chosen)), {}


def keep_step(
    state: BrainState, batch: Batch, now: Now, axis_name: str | None = None
) -> tuple[BrainState, Metrics]:
    """Writes those images of a batch that were chosen into their slots."""
    del now
    batch = collectives.concatenate(batch, axis_name)
    herd: Herd = state.memory.working
    slot = jnp.where(batch.index < 0, EMPTY, herd.slot[batch.index])
    memory = write_images(state.memory, batch._replace(index=slot), state.progress.task)
    return state.replace(memory=memory), {}
