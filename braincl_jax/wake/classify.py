"""Classify: a first idea of the new classes, by training the head alone."""

import jax
import jax.numpy as jnp
import optax

from braincl_jax import collectives
from braincl_jax.parts import MemoryLayout, Parts
from braincl_jax.state import BrainState
from braincl_jax.types import Array, Batch, Metrics, Now, PyTree, StreamSpec
from braincl_jax.wake.reactivate import reactivate


def classify_step(
    state: BrainState,
    batch: Batch,
    now: Now,
    axis_name: str | None = None,
    *,
    parts: Parts,
    layout: MemoryLayout | None,
) -> tuple[BrainState, Metrics]:
    """One SGD step on the head of what is evaluated; all else is frozen and BatchNorm statistics do not move.

    Where there are slow weights, their head learns, and the night begins with it.

    As long as nothing is recalled, the new classes' part alone moves: no image of older classes is there that would
    hold theirs in place. With a `layout`, older images are recalled beside the new ones, and the whole head moves: new
    images count as much as the task's classes do among those of all tasks so far, and recalled ones as the rest.
    """
    encoder, new = state.encoder, parts.spec.are_of(state.progress.task)
    seen = state.consolidation.seen_classes
    old = None
    if layout is not None:
        state, old = reactivate(state, now, parts, layout, axis_name)
    evaluated, batch_stats = encoder.evaluated

    def cross_entropies(head: PyTree, image: Array, label: Array) -> tuple[Array, Array]:
        logits, _ = parts.network.predict({**evaluated, "head": head}, batch_stats, seen, image)
        losses = optax.softmax_cross_entropy_with_integer_labels(logits, label)
        return losses, (logits.argmax(-1) == label).mean()

    def loss_of(head: PyTree) -> tuple[Array, Array]:
        losses, accuracy = cross_entropies(head, batch.image, batch.label)
        loss = losses.mean()
        if old is not None:
            of_old, _ = cross_entropies(head, old.image, old.label)
            share = jnp.where(old.any, share_of_task(parts.spec, state.progress.task), 1)
            loss = share * loss + (1 - share) * (old.weight * of_old).mean()
        return loss, accuracy

    head = evaluated["head"]
    (loss, accuracy), gradient = jax.value_and_grad(loss_of, has_aux=True)(head)
    loss, accuracy, gradient = collectives.mean((loss, accuracy, gradient), axis_name)
    moving = new if old is None else new | old.any
    gradient = jax.tree.map(lambda leaf: leaf * jnp.broadcast_to(moving, leaf.shape), gradient)
    direction, wake_opt = parts.wake_optimiser.update(gradient, encoder.wake_opt, head)
    head = optax.apply_updates(head, jax.tree.map(lambda leaf: -now.rate * leaf, direction))
    metrics = {"loss": loss, "accuracy": accuracy}
    if old is not None:
        metrics["corrupt_slot"] = collectives.maximum(old.corrupt, axis_name)
    return state.replace(encoder=encoder.with_head(head).replace(wake_opt=wake_opt)), metrics


def share_of_task(spec: StreamSpec, task: Array) -> Array:
    """What of the classes of all tasks up to a task (int32 scalar) are its own, those that recur counted each time."""
    sizes = jnp.asarray([len(classes) for classes in spec.task_classes])
    return sizes[task] / jnp.cumsum(sizes)[task]
