"""Class means: the mean feature of each class's exemplars, by which a nearest-mean classifier answers."""

from collections.abc import Callable

import jax.numpy as jnp

from braincl_jax import collectives
from braincl_jax.memory.exemplars import Exemplars
from braincl_jax.networks.network import MASKED_LOGIT
from braincl_jax.state import BrainState
from braincl_jax.types import Array, Metrics, Now

SMALLEST_NORM = 1e-8


def normalised(features: Array) -> Array:
    """float32 [..., F] of length 1; 0 stays 0."""
    norm = jnp.linalg.norm(features, axis=-1, keepdims=True)
    return features / jnp.maximum(norm, SMALLEST_NORM)


def nearest_mean_logits(features: Array, sums: Array) -> Array:
    """Minus the squared distance of each feature to each class's mean (Rebuffi et al. 2017, algorithm 1).

    Features and means have length 1 each, as section 2.1 of the paper says.

    Args:
        features: float32 [B, F].
        sums: float32 [K, F], of the normalised features of each class; 0 for a class without any.

    Returns:
        float32 [B, K], -4..0; `MASKED_LOGIT` for classes without a mean.
    """
    likeness = normalised(features) @ normalised(sums).T
    return jnp.where(sums.any(-1)[None], 2 * likeness - 2, MASKED_LOGIT)


def add_features_step(
    state: BrainState,
    batch: None,
    now: Now,
    axis_name: str | None = None,
    *,
    features_of: Callable[[BrainState, Array], Array],
    size: int,
) -> tuple[BrainState, Metrics]:
    """Adds the normalised features of the next exemplars to `state.own["class_means"]`, float32 [K, F].

    Step s is for the slots from s * size on; the first one forgets what the night before has left. `batch` is None.

    Args:
        state: after the night.
        batch: nothing.
        now: the moment.
        axis_name: of the devices, which share the slots of a step.
        features_of: (state, images uint8 [B, H, W, C]) -> features float32 [B, F].
        size: slots in a step, on all devices together.
    """
    del batch
    slot = now.step * size + collectives.own_slice(jnp.arange(size), axis_name)
    exemplars: Exemplars = state.memory.long_term
    stored = slot < exemplars.count
    features = features_of(state, exemplars.images.image.at[slot].get(mode="clip"))
    label = exemplars.images.label.at[slot].get(mode="clip")
    sums = state.own["class_means"]
    new = jnp.zeros_like(sums).at[label].add(stored[:, None] * normalised(features))
    new = collectives.total(new, axis_name)
    return state.replace(
        own={**state.own, "class_means": jnp.where(now.step == 0, 0, sums) + new}
    ), {}
