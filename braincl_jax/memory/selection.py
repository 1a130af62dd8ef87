"""Which of the candidates are kept: class-balanced at any number."""

import jax
import jax.numpy as jnp

from braincl_jax.memory.budget import MAX_WORDS
from braincl_jax.types import Array


def running_total(words: Array) -> Array:
    """int32 [n]: words up to each place, of numbers int32 [n], >= 0; `MAX_WORDS` from where there are more of them.

    What is stored and what would like to be may together be more than int32 can count.
    """
    sums = jnp.cumsum(words.astype(jnp.uint32))
    # A sum that is smaller than the one before it has begun anew at 2^32.
    beyond = jnp.concatenate([jnp.zeros(1, bool), sums[1:] < sums[:-1]]) | (sums > MAX_WORDS)
    return jnp.where(
        jax.lax.cummax(beyond.astype(jnp.int32)) > 0, MAX_WORDS, sums.astype(jnp.int32)
    )


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
