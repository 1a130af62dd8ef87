"""Replay: train the whole network on what the memory recalls, or on images that come in from a data set."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import optax

from braincl_jax import collectives
from braincl_jax.memory.block.integrity import INTACT
from braincl_jax.parts import Learner
from braincl_jax.prefetch import prefetched_for
from braincl_jax.state import BrainState, Encoder
from braincl_jax.types import Array, Draw, Metrics, Now, PyTree, Sample, Shown

# Of a class's running loss, what stays of it with each step in which the class is replayed.
LOSS_DECAY = 0.95


def replay_gradient(
    state: BrainState,
    drawn: Draw,
    read: PyTree,
    keys: Array,
    method: Learner,
    axis_name: str | None,
) -> tuple[PyTree, Array]:
    """What some groups of the sample, recalled and augmented, teach.

    Args:
        state: network and memory.
        drawn: the groups, g of them.
        read: what the memory has read of them, leaves [g, ...].
        keys: one for each image, [g, n].
        method: memory layout, objective and augmentation.
        axis_name: of the devices over which BatchNorm takes its statistics.

    Returns:
        (gradient, batch_stats, metrics, by class), the means over these groups, and `corrupt`, int32 scalar. By class
        are float32 [2, K]: the sum of its examples' losses and their number, both divided by the number of all.
    """
    task, slot, weight = drawn
    recalled = method.layout.complete(state.memory, task, slot, read)
    images = recalled.image.reshape(-1, *recalled.image.shape[2:])
    shown = Shown(
        image=method.parts.augment(keys.reshape(-1), images),
        label=recalled.label.reshape(-1),
        task=jnp.repeat(task, slot.shape[1]),
        slot=slot.reshape(-1),
    )

    def loss_of(params: PyTree) -> tuple[Array, tuple[Array, PyTree, Metrics]]:
        losses, (batch_stats, metrics) = method.objective(params, shown, state, axis_name)
        return (weight.reshape(-1) * losses).mean(), (losses, batch_stats, metrics)

    (loss, (losses, batch_stats, metrics)), gradient = jax.value_and_grad(loss_of, has_aux=True)(
        state.encoder.params
    )
    by_class = jnp.zeros((2, method.parts.spec.num_classes))
    by_class = by_class.at[:, shown.label].add(jnp.stack([losses, jnp.ones_like(losses)]))
    corrupt = jnp.where(recalled.intact, INTACT, slot).max()
    means = (gradient, batch_stats, {"loss": loss, **metrics}, by_class / len(losses))
    return means, corrupt


def accumulated(
    learn: Callable[..., tuple[PyTree, Array]], sample: tuple[PyTree, ...], number: int
) -> tuple[PyTree, Array]:
    """`learn(*sample)` -> (means, maximum), from `number` equal parts of the sample, one after another.

    Part p is of the groups p, p + number, ...: of all devices together it has the same ones, however many there are.
    """
    if number == 1:
        return learn(*sample)
    split = jax.tree.map(
        lambda leaf: leaf.reshape(-1, number, *leaf.shape[1:]).swapaxes(0, 1), sample
    )

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
    """`learned` from a sample of the memory; `batch` is None."""
    del batch
    return learned(*drawn_from_memory(state, now, axis_name, method), now, axis_name, method)


def drawn_from_memory(
    state: BrainState, now: Now, axis_name: str | None, method: Learner
) -> tuple[BrainState, Sample]:
    """The state, in which what has been read ahead is known, and this device's groups of the step's sample."""
    until = state.progress.task + 1
    ahead, sample = prefetched_for(state, now, until, method.parts, method.layout, axis_name)
    return ahead.known_in(state), sample


def rehearse_step(
    state: BrainState,
    batch: Sample,
    now: Now,
    axis_name: str | None = None,
    *,
    method: Learner,
) -> tuple[BrainState, Metrics]:
    """`learned` from a sample that was drawn beforehand, with what has come in for it: this device's groups."""
    return learned(state, batch, now, axis_name, method)


def learned(
    state: BrainState, sample: Sample, now: Now, axis_name: str | None, method: Learner
) -> tuple[BrainState, Metrics]:
    """One SGD step of the whole network on the images of a sample, augmented.

    What is minimised is the method's objective. With `sleep.accumulate` the same images, augmented the same way, are
    recalled and learned from in parts. BatchNorm then normalises each part by its own statistics, and the running
    ones move by the mean over the parts.

    Args:
        state: before the step.
        sample: this device's groups.
        now: the moment.
        axis_name: of the devices.
        method: memory layout, objective, augmentation and optimiser.

    Returns:
        The new state, and `loss`, the metrics of the objective, `learning_rate` and `corrupt_slot`: a slot whose
        string failed its integrity check, or -1. The caller must not go on from a state with a corrupt slot.
    """
    parts, encoder = method.parts, state.encoder
    augment_key = jax.random.fold_in(now.key, 1)
    keys = collectives.example_keys(augment_key, sample.draw.slot.size, axis_name)
    keys = keys.reshape(sample.draw.slot.shape)

    def learn(*part: PyTree):
        return replay_gradient(state, *part, method=method, axis_name=axis_name)

    means, corrupt = accumulated(learn, (*sample, keys), parts.config.sleep.accumulate)
    gradient, batch_stats, metrics, by_class = means
    metrics, gradient, by_class = collectives.mean((metrics, gradient, by_class), axis_name)
    direction, sleep_opt = parts.sleep_optimiser.update(gradient, encoder.sleep_opt, encoder.params)
    descent = jax.tree.map(lambda leaf: -now.rate * leaf, direction)
    moved = encoder.replace(
        params=optax.apply_updates(encoder.params, descent),
        batch_stats=batch_stats,
        sleep_opt=sleep_opt,
    )
    class_loss = moved_class_loss(state.consolidation.class_loss, *by_class)
    updated = method.after_update(
        state.replace(
            encoder=moved,
            consolidation=state.consolidation.replace(class_loss=class_loss),
        )
    )
    slower = with_slow_weights(updated.encoder, now.step, parts.config.sleep.slow_decay)
    return updated.replace(encoder=slower), {
        **metrics,
        "learning_rate": now.rate,
        "corrupt_slot": collectives.maximum(corrupt, axis_name),
    }


def moved_class_loss(class_loss: Array, total: Array, number: Array) -> Array:
    """The running losses after a step: float32 [K].

    Args:
        class_loss: float32 [K], before it.
        total: float32 [K], sum of the losses of each class's examples, in any unit.
        number: float32 [K], how many they were, in the same unit; 0 for a class that was not replayed.
    """
    seen = number > 0
    moved = LOSS_DECAY * class_loss + (1 - LOSS_DECAY) * total / jnp.where(seen, number, 1)
    return jnp.where(seen, moved, class_loss)


def with_slow_weights(encoder: Encoder, step: Array, decay: float) -> Encoder:
    """The encoder whose slow weights, if it has any, have followed the fast ones after `step` (int32) of a night.

    An exponential average (Tarvainen & Valpola 2017, arXiv 1703.01780, section 2) whose first steps of a night forget
    faster: what it then averages over is about the last ninth of the night so far.
    """
    if encoder.slow is None:
        return encoder
    now = jnp.minimum(decay, (1 + step) / (10 + step))
    fast = {"params": encoder.params, "batch_stats": encoder.batch_stats}
    slow = jax.tree.map(lambda old, new: now * old + (1 - now) * new, encoder.slow, fast)
    return encoder.replace(slow=slow)
