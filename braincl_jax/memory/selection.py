"""Which of the candidates are kept: class-balanced at any number."""

import jax
import jax.numpy as jnp

from braincl_jax.types import Array


def class_of_task(label: Array, task: Array) -> Array:
    """uint32 [N]: a number for each class of each task, in the order of classes, and of tasks within a class.

    Where no class recurs there is one for each class, and they are in the same order.

    Args:
        label: int32 [N], below 65,536, as tasks are; negative for what has none, and comes last.
        task: int32 [N], negative where the label is.
    """
    return (label.astype(jnp.uint32) << 16) | task.astype(jnp.uint32)


def rank_within_class(label: Array, priority: Array) -> Array:
    """int32 [N]: how many candidates of the same label come before each one.

    Args:
        label: int32 or uint32 [N].
        priority: [N], smaller comes first.
    """
    order = jnp.lexsort((priority, label))
    ordered = label[order]
    rank = jnp.arange(len(label)) - jnp.searchsorted(ordered, ordered)
    return jnp.zeros_like(rank).at[order].set(rank)


def class_balanced_order(key: Array, label: Array, valid: Array) -> Array:
    """An order in which every prefix holds equally many of each class, as far as there are enough.

    Args:
        key: PRNG key; within a class the order is random.
        label: int32 or uint32 [N].
        valid: bool [N]; others come last.

    Returns:
        int32 [N], a permutation of 0..N-1.
    """
    priority = jnp.where(valid, jax.random.uniform(key, label.shape), 2.0)
    rank = jnp.where(valid, rank_within_class(label, priority), len(label))
    return jnp.lexsort((label, rank))


def words_within_class(key: Array, label: Array, words: Array, valid: Array) -> Array:
    """int32 [n]: words of each candidate and of those that come before it in its class, which is in random order.

    Args:
        key: PRNG key.
        label: int32 or uint32 [n].
        words: int32 [n], >= 0.
        valid: bool [n]; others count nothing.
    """
    order = jnp.lexsort((jax.random.uniform(key, label.shape), label))
    spent = jnp.cumsum(jnp.where(valid, words, 0)[order])
    ordered = label[order]
    first = jnp.searchsorted(ordered, ordered)
    before = jnp.where(first > 0, spent[jnp.maximum(first - 1, 0)], 0)
    return jnp.zeros_like(spent).at[order].set(spent - before)
