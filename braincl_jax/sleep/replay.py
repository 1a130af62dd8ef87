"""Replay: train the whole network on what the memory recalls."""

import jax
import jax.numpy as jnp
import optax

from braincl_jax import collectives
from braincl_jax.memory.integrity import INTACT
from braincl_jax.networks import masked_logits
from braincl_jax.parts import Parts
from braincl_jax.state import BrainState, count_examples, step_key
from braincl_jax.types import Array, Metrics, Recalled


def recall_share(state: BrainState, parts: Parts, axis_name: str | None) -> tuple[Recalled, Array]:
    """What this device recalls of the step's global sample, and the slots it came from (int32 [G / D, n])."""
    config = parts.config.sleep
    key = jax.random.fold_in(step_key(state, "replay"), 0)
    task, slot = parts.sampler(
        key,
        parts.memory.index(state.memory),
        parts.spec.num_classes,
        config.num_groups,
        config.batch_size // config.num_groups,
    )
    task, slot = collectives.own_slice((task, slot), axis_name)
    return parts.memory.recall(state.memory, task, slot), slot


def replay_step(
    state: BrainState, batch: None, *, parts: Parts, axis_name: str | None = None
) -> tuple[BrainState, Metrics]:
    """One SGD step of the whole network on recalled, augmented images; `batch` is None.

    Returns:
        The new state, and `loss`, `accuracy`, `learning_rate` and `corrupt_slot`: a slot whose string failed its
        integrity check, or -1. The caller must not go on from a state with a corrupt slot.
    """
    del batch
    encoder = state.encoder
    recalled, slot = recall_share(state, parts, axis_name)
    images = recalled.image.reshape(-1, *recalled.image.shape[2:])
    labels = recalled.label.reshape(-1)
    augment_key = jax.random.fold_in(step_key(state, "replay"), 1)
    images = parts.augment(collectives.example_keys(augment_key, len(images), axis_name), images)

    def loss_of(params):
        features, batch_stats = parts.network.features(
            params, encoder.batch_stats, images, train=True, axis_name=axis_name
        )
        logits = masked_logits(
            parts.network.logits(params, features), state.consolidation.seen_classes
        )
        loss = optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()
        return loss, (batch_stats, (logits.argmax(-1) == labels).mean())

    (loss, (batch_stats, accuracy)), gradient = jax.value_and_grad(loss_of, has_aux=True)(
        encoder.params
    )
    loss, accuracy, gradient = collectives.mean((loss, accuracy, gradient), axis_name)
    direction, sleep_opt = parts.sleep_optimiser.update(gradient, encoder.sleep_opt, encoder.params)
    rate = parts.sleep_rate(state.progress)
    params = optax.apply_updates(encoder.params, jax.tree.map(lambda leaf: -rate * leaf, direction))
    corrupt = jnp.where(recalled.intact, INTACT, slot).max()
    new_state = state.replace(
        encoder=encoder.replace(params=params, batch_stats=batch_stats, sleep_opt=sleep_opt),
        consolidation=count_examples(
            state.consolidation, "replay", len(images) * collectives.num_devices(axis_name)
        ),
        progress=state.progress.advance("replay"),
    )
    return new_state, {
        "loss": loss,
        "accuracy": accuracy,
        "learning_rate": rate,
        "corrupt_slot": collectives.maximum(corrupt, axis_name),
    }
