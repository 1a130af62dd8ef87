"""Accuracy over all classes seen, on real test images."""

from braincl_jax import collectives
from braincl_jax.networks import masked_logits
from braincl_jax.parts import Parts
from braincl_jax.state import BrainState
from braincl_jax.types import Array, Batch


def count_correct(
    state: BrainState, batch: Batch, *, parts: Parts, axis_name: str | None = None
) -> Array:
    """int32 scalar: images of the batch whose class gets the largest logit among all seen; padding is ignored."""
    encoder = state.encoder
    features, _ = parts.network.features(encoder.params, encoder.batch_stats, batch.image)
    logits = masked_logits(
        parts.network.logits(encoder.params, features), state.consolidation.seen_classes
    )
    correct = ((logits.argmax(-1) == batch.label) & (batch.index >= 0)).sum()
    return collectives.total(correct, axis_name)
