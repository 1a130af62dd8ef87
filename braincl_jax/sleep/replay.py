"""Replay: train the whole network on what the memory recalls."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import optax

from braincl_jax import collectives
from braincl_jax.memory.block.integrity import INTACT
from braincl_jax.parts import Learner
from braincl_jax.sleep.prefetch import prefetched_for
from braincl_jax.state import BrainState
from braincl_jax.types import Array, Metrics, Now, PyTree, Shown


def replay_gradient(
    state: BrainState,
    task: Array,
    slot: Array,
    read: PyTree,
    keys: Array,
    method: Learner,
    axis_name: str | None,
) -> tuple[PyTree, Array]:
    """What some groups of the sample, recalled and augmented, teach.

    Args:
        state: network and memory.
        task: int32 [g].
        slot: int32 [g, n].
        read: what the memory has read of them, leaves [g, ...].
        keys: one for each image, [g n].
        method: memory layout, objective and augmentation.
        axis_name: of the devices over which BatchNorm takes its statistics.

    Returns:
        (gradient, batch_stats, metrics), the means over these groups, and `corrupt`, int32 scalar.
    """
    recalled = method.layout.complete(state.memory, task, slot, read)
    images = recalled.image.reshape(-1, *recalled.image.shape[2:])
    shown = Shown(
        image=method.parts.augment(keys, images),
        label=recalled.label.reshape(-1),
        task=jnp.repeat(task, slot.shape[1]),
        slot=slot.reshape(-1),
    )
    (loss, (batch_stats, metrics)), gradient = jax.value_and_grad(method.objective, has_aux=True)(
        state.encoder.params, shown, state, axis_name
    )
    corrupt = jnp.where(recalled.intact, INTACT, slot).max()
    return (gradient, batch_stats, {"loss": loss, **metrics}), corrupt


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
    state: BrainState,
    batch: None,
    now: Now,
    axis_name: str | None = None,
    *,
    method: Learner,
) -> tuple[BrainState, Metrics]:
    """One SGD step of the whole network on recalled, augmented images; `batch` is None.

    What is minimised is the method's objective. With `sleep.accumulate` the same images, augmented the same way, are
    recalled and learned from in parts. BatchNorm then normalises each part by its own statistics, and the running
    ones move by the mean over the parts.

    Returns:
        The new state, and `loss`, the metrics of the objective, `learning_rate` and `corrupt_slot`: a slot whose
        string failed its integrity check, or -1. The caller must not go on from a state with a corrupt slot.
    """
    del batch
    parts, encoder = method.parts, state.encoder
    prefetched, sample = prefetched_for(state.memory, now, parts, method.layout, axis_name)
    augment_key = jax.random.fold_in(now.key, 1)
    keys = collectives.example_keys(augment_key, sample[1].size, axis_name)

    def learn(*part: PyTree):
        return replay_gradient(state, *part, method=method, axis_name=axis_name)

    means, corrupt = accumulated(learn, (*sample, keys), parts.config.sleep.accumulate)
    gradient, batch_stats, metrics = means
    metrics, gradient = collectives.mean((metrics, gradient), axis_name)
    direction, sleep_opt = parts.sleep_optimiser.update(gradient, encoder.sleep_opt, encoder.params)
    descent = jax.tree.map(lambda leaf: -now.rate * leaf, direction)
    updated = state.replace(
        encoder=encoder.replace(
            params=optax.apply_updates(encoder.params, descent),
            batch_stats=batch_stats,
            sleep_opt=sleep_opt,
        ),
        memory=state.memory.replace(prefetched=prefetched),
    )
    return method.after_update(updated), {
        **metrics,
        "learning_rate": now.rate,
        "corrupt_slot": collectives.maximum(corrupt, axis_name),
    }
