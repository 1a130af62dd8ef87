"""Align: the head's weights of new classes get the norms of old ones (Zhao et al. 2020, arXiv 1911.07053)."""

import jax.numpy as jnp

from braincl_jax.state import BrainState, Encoder
from braincl_jax.types import Array, Metrics, Now, PyTree


def aligned(kernel: Array, old: Array, new: Array) -> Array:
    """The head's weights, those of new classes scaled to the mean norm of those of old ones.

    Args:
        kernel: float32 [F, K].
        old: bool [K].
        new: bool [K]; where there are no old or no new classes, nothing changes.
    """
    norms = jnp.linalg.norm(kernel, axis=0)
    of_old, of_new = (
        jnp.where(those, norms, 0).sum() / jnp.maximum(those.sum(), 1) for those in (old, new)
    )
    ratio = jnp.where(old.any() & (of_new > 0), of_old / of_new, 1)
    return kernel * jnp.where(new, ratio, 1)[None]


def align_step(
    state: BrainState, batch: None, now: Now, axis_name: str | None = None
) -> tuple[BrainState, Metrics]:
    """Aligns the head, that of slow weights too. Run once per task, before its teacher is kept; `batch` is None."""
    del batch, now, axis_name
    old = state.own["teacher"].known
    new = state.consolidation.seen_classes & ~old

    def with_aligned(params: PyTree) -> PyTree:
        head = params["head"]
        return {**params, "head": {**head, "kernel": aligned(head["kernel"], old, new)}}

    encoder: Encoder = state.encoder.replace(params=with_aligned(state.encoder.params))
    if encoder.slow is not None:
        slow = {**encoder.slow, "params": with_aligned(encoder.slow["params"])}
        encoder = encoder.replace(slow=slow)
    return state.replace(encoder=encoder), {}
