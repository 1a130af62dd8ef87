"""Classify: a first idea of the new classes, by training their part of the head alone on real images."""

import jax
import jax.numpy as jnp
import optax

from braincl_jax import collectives
from braincl_jax.parts import Parts
from braincl_jax.state import BrainState
from braincl_jax.types import Batch, Metrics, Now


def classify_step(
    state: BrainState,
    batch: Batch,
    now: Now,
    axis_name: str | None = None,
    *,
    parts: Parts,
) -> tuple[BrainState, Metrics]:
    """One SGD step on the new classes' part of the head; all else is frozen and BatchNorm statistics do not move.

    What the head knows of older classes stays as it is: no image of them is there that would hold it in place.
    """
    encoder = state.encoder

    def loss_of(head):
        logits, _ = parts.network.predict(
            {**encoder.params, "head": head},
            encoder.batch_stats,
            state.consolidation.seen_classes,
            batch.image,
        )
        loss = optax.softmax_cross_entropy_with_integer_labels(logits, batch.label).mean()
        return loss, (logits.argmax(-1) == batch.label).mean()

    head = encoder.params["head"]
    (loss, accuracy), gradient = jax.value_and_grad(loss_of, has_aux=True)(head)
    loss, accuracy, gradient = collectives.mean((loss, accuracy, gradient), axis_name)
    new = parts.spec.are_of(state.progress.task)
    gradient = jax.tree.map(lambda leaf: leaf * jnp.broadcast_to(new, leaf.shape), gradient)
    direction, wake_opt = parts.wake_optimiser.update(gradient, encoder.wake_opt, head)
    head = optax.apply_updates(head, jax.tree.map(lambda leaf: -now.rate * leaf, direction))
    params = {**encoder.params, "head": head}
    return state.replace(encoder=encoder.replace(params=params, wake_opt=wake_opt)), {
        "loss": loss,
        "accuracy": accuracy,
    }
