"""Replay: train the whole network on what the memory recalls."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import optax

from braincl_jax import collectives
from braincl_jax.memory.block.integrity import INTACT
from braincl_jax.networks import masked_logits
from braincl_jax.parts import Parts
from braincl_jax.sleep.prefetch import prefetched_for
from braincl_jax.state import BrainState, count_examples, step_key
from braincl_jax.types import Array, Metrics, PyTree


def replay_gradient(
    state: BrainState,
    task: Array,
    slot: Array,
    read: PyTree,
    keys: Array,
    parts: Parts,
    axis_name: str | None,
) -> tuple[PyTree, Array]:
    """What some groups of the sample, recalled and augmented, teach.

    Args:
        state: network and memory.
        task: int32 [g].
        slot: int32 [g, n].
        read: what the memory has read of them, leaves [g, ...].
        keys: one for each image, [g n].
        parts: memory, augmentation and network.
        axis_name: of the devices over which BatchNorm takes its statistics.

    Returns:
        (gradient, batch_stats, loss, accuracy), the means over these groups, and `corrupt`, int32 scalar.
    """
    encoder = state.encoder
    recalled = parts.memory.complete(state.memory, task, slot, read)
    labels = recalled.label.reshape(-1)
    images = parts.augment(keys, recalled.image.reshape(-1, *recalled.image.shape[2:]))

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
    return (gradient, batch_stats, loss, accuracy), jnp.where(recalled.intact, INTACT, slot).max()


def accumulated(
    learn: Callable[..., tuple[PyTree, Array]], sample: tuple[PyTree, ...], number: int
) -> tuple[PyTree, Array]:
    """`learn(*sample)` -> (means, maximum), from `number` equal parts of the sample, one after another."""
    if number == 1:
        return learn(*sample)
    split = jax.tree.map(lambda leaf: leaf.reshape(number, -1, *leaf.shape[1:]), sample)

    def one_more(carry, part):
        means, largest = carry
        more, corrupt = learn(*part)
        return (
            jax.tree.map(lambda a, b: a + b / number, means, more),
            jnp.maximum(largest, corrupt),
        ), None

    shapes = jax.eval_shape(learn, *jax.tree.map(lambda leaf: leaf[0], split))
    zeros = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes[0])
    return jax.lax.scan(one_more, (zeros, jnp.int32(INTACT)), split)[0]


def replay_step(
    state: BrainState, batch: None, *, parts: Parts, axis_name: str | None = None
) -> tuple[BrainState, Metrics]:
    """One SGD step of the whole network on recalled, augmented images; `batch` is None.

    With `sleep.accumulate` the same images, augmented the same way, are recalled and learned from in parts. BatchNorm
    then normalises each part by its own statistics, and the running ones move by the mean over the parts.

    Returns:
        The new state, and `loss`, `accuracy`, `learning_rate` and `corrupt_slot`: a slot whose string failed its
        integrity check, or -1. The caller must not go on from a state with a corrupt slot.
    """
    del batch
    encoder = state.encoder
    prefetched, sample = prefetched_for(
        state, state.progress.steps_done("replay"), parts, axis_name
    )
    slot = sample[1]
    augment_key = jax.random.fold_in(step_key(state, "replay"), 1)
    keys = collectives.example_keys(augment_key, slot.size, axis_name)

    def learn(*part: PyTree):
        return replay_gradient(state, *part, parts=parts, axis_name=axis_name)

    means, corrupt = accumulated(learn, (*sample, keys), parts.config.sleep.accumulate)
    gradient, batch_stats, loss, accuracy = means
    loss, accuracy, gradient = collectives.mean((loss, accuracy, gradient), axis_name)
    direction, sleep_opt = parts.sleep_optimiser.update(gradient, encoder.sleep_opt, encoder.params)
    rate = parts.sleep_rate(state.progress)
    params = optax.apply_updates(encoder.params, jax.tree.map(lambda leaf: -rate * leaf, direction))
    new_state = state.replace(
        encoder=encoder.replace(params=params, batch_stats=batch_stats, sleep_opt=sleep_opt),
        memory=state.memory.replace(prefetched=prefetched),
        consolidation=count_examples(
            state.consolidation, "replay", slot.size * collectives.num_devices(axis_name)
        ),
        progress=state.progress.advance("replay"),
    )
    return new_state, {
        "loss": loss,
        "accuracy": accuracy,
        "learning_rate": rate,
        "corrupt_slot": collectives.maximum(corrupt, axis_name),
    }
