"""Classify: a first idea of the new classes, by training the head alone on real images."""

import jax
import optax

from braincl_jax import collectives
from braincl_jax.networks import masked_logits
from braincl_jax.parts import Parts
from braincl_jax.state import BrainState, count_examples
from braincl_jax.types import Batch, Metrics


def classify_step(
    state: BrainState, batch: Batch, *, parts: Parts, axis_name: str | None = None
) -> tuple[BrainState, Metrics]:
    """One SGD step on the head; the backbone is frozen and its BatchNorm statistics do not move."""
    encoder = state.encoder
    features, _ = parts.network.features(encoder.params, encoder.batch_stats, batch.image)

    def loss_of(head):
        logits = masked_logits(
            parts.network.logits({"head": head}, features), state.consolidation.seen_classes
        )
        loss = optax.softmax_cross_entropy_with_integer_labels(logits, batch.label).mean()
        return loss, (logits.argmax(-1) == batch.label).mean()

    head = encoder.params["head"]
    (loss, accuracy), gradient = jax.value_and_grad(loss_of, has_aux=True)(head)
    loss, accuracy, gradient = collectives.mean((loss, accuracy, gradient), axis_name)
    direction, wake_opt = parts.wake_optimiser.update(gradient, encoder.wake_opt, head)
    rate = parts.wake_rate(state.progress)
    head = optax.apply_updates(head, jax.tree.map(lambda leaf: -rate * leaf, direction))
    shown = len(batch.image) * collectives.num_devices(axis_name)
    new_state = state.replace(
        encoder=encoder.replace(params={**encoder.params, "head": head}, wake_opt=wake_opt),
        consolidation=count_examples(state.consolidation, "classify", shown),
        progress=state.progress.advance("classify"),
    )
    return new_state, {"loss": loss, "accuracy": accuracy}
