"""What is replayed: the default draws every stored class equally often, in groups of one task each."""

import jax
import jax.numpy as jnp
import numpy as np

from braincl_jax.memory.selection import class_of_task
from braincl_jax.registry import SAMPLERS
from braincl_jax.settings import settings
from braincl_jax.types import Array, Draw, Index

# Comes after every class of every task.
NOWHERE = np.uint32(2**32 - 1)


@SAMPLERS.register("class_balanced")
@settings()
class ClassBalanced:
    """Every stored class equally often: see `class_balanced`."""

    def __call__(
        self, key: Array, index: Index, num_classes: int, num_groups: int, group_size: int
    ) -> Draw:
        return class_balanced(key, index, num_classes, num_groups, group_size)


def class_balanced(
    key: Array, index: Index, num_classes: int, num_groups: int, group_size: int
) -> Draw:
    """Draws slots so that each stored class is equally likely, all with weight 1.

    Args:
        key: PRNG key.
        index: of a memory with at least one stored slot.
        num_classes: K.
        num_groups: G.
        group_size: n.
    """
    task, slot = draw_classes(key, index, jnp.ones(num_classes), num_groups, group_size)
    return Draw(task, slot, jnp.ones(slot.shape))


def draw_classes(
    key: Array, index: Index, likelihood: Array, num_groups: int, group_size: int
) -> tuple[Array, Array]:
    """Draws slots of classes that are as likely as is said, each slot of a class as likely as the others.

    A group comes from one task, since one decoder recalls it: each group draws a stored class and a slot of it, whose
    task it takes, and then draws a class of the task for each of its members, and a slot of it. A class that recurs is
    drawn in a task as often as it has slots there. Draws of classes are stratified (one in each equal share of what is
    likely), so that batches are about as balanced as their size allows. No rounding can lead to a slot that is not
    stored.

    Args:
        key: PRNG key.
        index: of a memory with at least one stored slot.
        likelihood: float32 [K], > 0, in any unit; those of classes that are not stored mean nothing.
        num_groups: G.
        group_size: n.

    Returns:
        task int32 [G] and slot int32 [G, n], each slot of its group's task.
    """
    num_classes = len(likelihood)
    label = jnp.where(index.stored, index.label, num_classes)
    group = jnp.where(index.stored, class_of_task(index.label, index.task), NOWHERE)
    order = jnp.argsort(group)
    ordered = group[order]
    count = jnp.zeros(num_classes, jnp.int32).at[label].add(1, mode="drop")
    first = jnp.cumsum(count) - count
    likelihood = jnp.where(count > 0, likelihood, 0)
    keys = jax.random.split(key, num_groups + 1)
    of_group = _stratified(keys[0], likelihood, num_groups)
    within = jax.random.randint(jax.random.fold_in(keys[0], 1), (num_groups,), 0, count[of_group])
    group_task = index.task[order[first[of_group] + within]]
    classes = jnp.arange(num_classes)

    def members(group_key: Array, task: Array) -> Array:
        class_key, slot_key = jax.random.split(group_key)
        own = class_of_task(classes, jnp.broadcast_to(task, classes.shape))
        start = jnp.searchsorted(ordered, own).astype(jnp.int32)
        number = jnp.searchsorted(ordered, own, side="right").astype(jnp.int32) - start
        share = number / jnp.maximum(count, 1)
        drawn = _stratified(class_key, share * likelihood, group_size)
        within = jax.random.randint(slot_key, drawn.shape, 0, number[drawn])
        return order[start[drawn] + within]

    return group_task, jax.vmap(members)(keys[1:], group_task)


def _stratified(key: Array, likelihood: Array, number: int) -> Array:
    """`number` positions, one in each equal share of the sum of `likelihood` (float32 [K], not all 0): int32."""
    ends = jnp.cumsum(likelihood)
    share = (jnp.arange(number) + jax.random.uniform(key, (number,))) / number
    position = jnp.searchsorted(ends, share * ends[-1], side="right")
    # A share may be rounded up to all there is; its position is the last that is likely at all.
    last = len(likelihood) - 1 - jnp.argmax(likelihood[::-1] > 0)
    return jnp.minimum(position, last).astype(jnp.int32)
