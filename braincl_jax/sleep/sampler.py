"""What is replayed: the default draws every stored class equally often, in groups of one task each."""

import jax
import jax.numpy as jnp

from braincl_jax.memory.store import Index
from braincl_jax.types import Array


def _stratified(key: Array, cumulative: Array, number: int) -> Array:
    """`number` positions drawn in proportion to the steps of `cumulative` [S], one in each equal share of it."""
    uniform = (jnp.arange(number) + jax.random.uniform(key, (number,))) / number
    drawn = jnp.searchsorted(cumulative, uniform * cumulative[-1], side="right")
    # Rounding may land on the total itself: take the last position that has weight.
    return jnp.minimum(drawn, jnp.argmax(cumulative >= cumulative[-1]))


def class_balanced(
    key: Array, index: Index, num_classes: int, num_groups: int, group_size: int
) -> tuple[Array, Array]:
    """Draws slots so that each stored class is equally likely.

    A group comes from one task, since one decoder recalls it. Tasks are drawn in proportion to their stored
    classes. Both draws are stratified over slots sorted by class, so that every batch is about as balanced as its
    size allows.

    Args:
        key: PRNG key.
        index: of a memory with at least one stored slot.
        num_classes: K.
        num_groups: G.
        group_size: n.

    Returns:
        task int32 [G] and slot int32 [G, n], each slot of its group's task.
    """
    order = jnp.argsort(index.label)
    label, task, stored = (field[order] for field in index)
    count = jnp.zeros(num_classes).at[label].add(stored)
    weight = jnp.where(stored, 1 / jnp.maximum(count[label], 1), 0)
    anchor = _stratified(jax.random.fold_in(key, 0), jnp.cumsum(weight), num_groups)
    group_task = task[anchor]

    def members(group_key: Array, one_task: Array) -> Array:
        of_task = jnp.cumsum(jnp.where(task == one_task, weight, 0))
        return order[_stratified(group_key, of_task, group_size)]

    keys = jax.random.split(jax.random.fold_in(key, 1), num_groups)
    return group_task, jax.vmap(members)(keys, group_task)
