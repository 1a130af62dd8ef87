"""Renew: a night that begins with a network which has learned nothing."""

import jax
import jax.numpy as jnp

from braincl_jax.parts import Parts
from braincl_jax.state import BrainState, Consolidation
from braincl_jax.types import Metrics, Now


def renew_step(
    state: BrainState,
    batch: None,
    now: Now,
    axis_name: str | None = None,
    *,
    parts: Parts,
) -> tuple[BrainState, Metrics]:
    """Weights, BatchNorm statistics and optimiser of a new network, of another one in each task; `batch` is None.

    Slow weights, if there are any, are its weights, and the running losses of the classes are those of a guess.
    """
    del batch, axis_name
    params, batch_stats = parts.network.init(now.key, parts.spec.image_shape)
    fresh = {"params": params, "batch_stats": batch_stats}
    # A copy, as no two leaves of a state may share a buffer.
    slow = None if state.encoder.slow is None else jax.tree.map(jnp.copy, fresh)
    encoder = state.encoder.replace(
        **fresh, sleep_opt=parts.sleep_optimiser.init(params), slow=slow
    )
    guess = Consolidation.initial(parts.spec.num_classes).class_loss
    consolidation = state.consolidation.replace(class_loss=guess)
    return state.replace(encoder=encoder, consolidation=consolidation), {}
