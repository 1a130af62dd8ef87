"""How a byte budget is spent while tasks keep coming: what a new task may take, and what has to go.

A policy is registered under a name for `config.budget_policy` (see `registry`).
"""

from typing import NamedTuple, Protocol

import jax.numpy as jnp

from braincl_jax.memory.selection import (
    class_balanced_order,
    class_of_task,
    running_total,
    words_within_class,
)
from braincl_jax.registry import POLICIES
from braincl_jax.settings import between, settings
from braincl_jax.types import Array


class Funds(NamedTuple):
    """What there is to spend, in words; what is not an array is static.

    Attributes:
        total: the whole block but for what all tasks share.
        free: int32 scalar, words that hold nothing.
        record: words of a task's record.
        task: int32 scalar, the task whose cues are to be stored.
        task_sizes: int32 [T], training images of each task. What lies beyond `task` is not always known.
    """

    total: int
    free: Array
    record: int
    task: Array
    task_sizes: Array


class Candidates(NamedTuple):
    """Cues that are stored, and cues of the new task, n in all.

    Attributes:
        label: int32 [n].
        task: int32 [n].
        words: int32 [n], of a string with its entry.
        new: bool [n], of the new task.
        valid: bool [n]; others must not be kept.
    """

    label: Array
    task: Array
    words: Array
    new: Array
    valid: Array


class BudgetPolicy(Protocol):
    """How the budget is spent; all methods are pure."""

    def allowance(self, funds: Funds) -> Array:
        """int32 scalar: words that strings and entries of the new task may take.

        The codec is trained for the rate at which the cues that are `wanted` fit; one that all tasks share, for that of
        the first.
        """
        ...

    def wanted(self, images: Array) -> Array:
        """How many cues the new task should have: float32 scalar, of int32 `images`. The fewer, the more bytes each."""
        ...

    def keep(self, key: Array, candidates: Candidates, funds: Funds, allowance: Array) -> Array:
        """Bool [n]: what is in memory afterwards.

        Together it must not take more than all words but those of the records, of which there are then `task + 1`.
        """
        ...


def planned_allowance(funds: Funds) -> Array:
    """A share of what is free in proportion to the task's images among all that are still to come."""
    tasks = jnp.arange(len(funds.task_sizes))
    to_come = tasks >= funds.task
    free = funds.free - to_come.sum() * funds.record
    part = funds.task_sizes[funds.task] / jnp.where(to_come, funds.task_sizes, 0).sum()
    # The last task gets all that is left, without a rounding of float32.
    return jnp.where(part >= 1, free, jnp.floor(free * part).astype(jnp.int32))


def keep_old_and_what_fits(
    key: Array, candidates: Candidates, funds: Funds, allowance: Array
) -> Array:
    """All that is stored, and of the new cues equally many of each class, as many as the allowance pays for."""
    del funds
    new = candidates.valid & candidates.new
    return (candidates.valid & ~candidates.new) | _prefix(
        class_balanced_order(key, candidates.label, new), candidates, new, allowance
    )


def open_ended_allowance(funds: Funds) -> Array:
    """A share of the block as if as many images were still to come as have been seen, the task's own included.

    So the first task gets half of the block and later ones less and less; nothing is assumed about their number.
    """
    seen = jnp.where(jnp.arange(len(funds.task_sizes)) <= funds.task, funds.task_sizes, 0).sum()
    part = funds.task_sizes[funds.task] / (2 * seen)
    cues = funds.total - (funds.task + 1) * funds.record
    return jnp.floor(cues * part).astype(jnp.int32)


def keep_equal_words(key: Array, candidates: Candidates, funds: Funds, allowance: Array) -> Array:
    """Everything while there is room; then every class of every task has the same words, and random cues of it go.

    Cues are equally long within a task but were longer when there was more room for each: classes that came early
    are left with fewer and better cues.
    """
    del allowance
    room = funds.total - (funds.task + 1) * funds.record
    groups = class_of_task(candidates.label, candidates.task)
    spent = words_within_class(key, groups, candidates.words, candidates.valid)
    order = jnp.argsort(jnp.where(candidates.valid, spent, jnp.iinfo(jnp.int32).max))
    return _prefix(order, candidates, candidates.valid, room)


def _prefix(order: Array, candidates: Candidates, eligible: Array, room: Array) -> Array:
    """The eligible candidates that come first in `order` and together take at most `room` words: bool [n]."""
    words = jnp.where(eligible, candidates.words, 0)[order]
    fits = (running_total(words) <= room) & eligible[order]
    return jnp.zeros_like(eligible).at[order].set(fits)


@POLICIES.register("planned")
@settings()
class Planned:
    """Shares the budget among the images of all tasks, which are known beforehand; nothing stored ever goes.

    Of a task's images, a share is `remembered`, equally many of each class, at as many more bytes each.
    """

    remembered: float = between(0.01, 1, default=1.0)

    def allowance(self, funds: Funds) -> Array:
        return planned_allowance(funds)

    def wanted(self, images: Array) -> Array:
        return self.remembered * images.astype(jnp.float32)

    def keep(self, key: Array, candidates: Candidates, funds: Funds, allowance: Array) -> Array:
        return keep_old_and_what_fits(key, candidates, funds, allowance)


@POLICIES.register("open_ended")
@settings()
class OpenEnded:
    """Knows nothing of tasks to come: once the block is full, every class of every task keeps equally many bytes.

    Later tasks get fewer bytes for an image, so each needs a codec that can be trained for these.
    """

    def allowance(self, funds: Funds) -> Array:
        return open_ended_allowance(funds)

    def wanted(self, images: Array) -> Array:
        return images.astype(jnp.float32)

    def keep(self, key: Array, candidates: Candidates, funds: Funds, allowance: Array) -> Array:
        return keep_equal_words(key, candidates, funds, allowance)
