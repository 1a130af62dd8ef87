"""Keep logits: what the network answers to its new exemplars when a night is over."""

from collections.abc import Callable

import jax.numpy as jnp

from braincl_jax import collectives
from braincl_jax.memory.exemplars import ExemplarLayout
from braincl_jax.state import BrainState
from braincl_jax.types import Array, Metrics, Now


def keep_logits_step(
    state: BrainState,
    batch: None,
    now: Now,
    axis_name: str | None = None,
    *,
    predict: Callable[[BrainState, Array], Array],
    layout: ExemplarLayout,
    size: int,
) -> tuple[BrainState, Metrics]:
    """Writes the logits of the task's exemplars among the next slots to `state.own["logits"]`, floating [S, K].

    Step s is for the slots from s * size on. Exemplars of earlier tasks keep the logits that they have. The network is
    at rest, images are as they are stored, and logits of classes that were not seen are 0. `batch` is None.

    Args:
        state: after the night.
        batch: nothing.
        now: the moment.
        axis_name: of the devices, which share the slots of a step.
        predict: (state, images uint8 [B, H, W, C]) -> logits float32 [B, K].
        layout: of the memory.
        size: slots in a step, on all devices together.
    """
    del batch
    slot = now.step * size + jnp.arange(size)
    own = collectives.own_slice(slot, axis_name)
    images = state.memory.long_term.images.image.at[own].get(mode="clip")
    seen = state.consolidation.seen_classes
    logits = jnp.where(seen[None], predict(state, images), 0)
    logits = collectives.concatenate(logits, axis_name)
    index = layout.index(state.memory)
    new: Array = index.stored & (index.task == state.progress.task)
    where = jnp.where(new.at[slot].get(mode="fill", fill_value=False), slot, layout.capacity)
    kept = state.own["logits"]
    kept = kept.at[where].set(logits.astype(kept.dtype), mode="drop")
    return state.replace(own={**state.own, "logits": kept}), {}
