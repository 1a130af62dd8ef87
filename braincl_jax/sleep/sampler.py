"""What is replayed: the default draws every stored class equally often, in groups of one task each."""

import jax
import jax.numpy as jnp

from braincl_jax.registry import SAMPLERS
from braincl_jax.settings import settings
from braincl_jax.types import Array, Draw, Index


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
        index: of a memory with at least one stored slot; all slots of a class are of one task.
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

    A group comes from one task, since one decoder recalls it: each group draws a stored class, takes that class's
    task, and then draws a class of the task for each of its members. Both draws are stratified (one in each equal
    share of what is likely), so that batches are about as balanced as their size allows. No rounding can lead to a
    slot that is not stored.

    Args:
        key: PRNG key.
        index: of a memory with at least one stored slot; all slots of a class are of one task.
        likelihood: float32 [K], > 0, in any unit; those of classes that are not stored mean nothing.
        num_groups: G.
        group_size: n.

    Returns:
        task int32 [G] and slot int32 [G, n], each slot of its group's task.
    """
    num_classes = len(likelihood)
    label = jnp.where(index.stored, index.label, num_classes)
    order = jnp.argsort(label)
    count = jnp.zeros(num_classes, jnp.int32).at[label].add(1, mode="drop")
    first = jnp.cumsum(count) - count
    # Slots beyond all others stand for classes that are not stored; their task is never used.
    task_of_class = index.task[order[jnp.minimum(first, len(order) - 1)]]
    likelihood = jnp.where(count > 0, likelihood, 0)
    keys = jax.random.split(key, num_groups + 1)
    group_task = task_of_class[_stratified(keys[0], likelihood, num_groups)]

    def members(group_key: Array, task: Array) -> Array:
        class_key, slot_key = jax.random.split(group_key)
        of_task = jnp.where(task_of_class == task, likelihood, 0)
        drawn = _stratified(class_key, of_task, group_size)
        within = jax.random.randint(slot_key, drawn.shape, 0, count[drawn])
        return order[first[drawn] + within]

    return group_task, jax.vmap(members)(keys[1:], group_task)


def _stratified(key: Array, likelihood: Array, number: int) -> Array:
    """`number` positions, one in each equal share of the sum of `likelihood` (float32 [K], not all 0): int32."""
    ends = jnp.cumsum(likelihood)
    share = (jnp.arange(number) + jax.random.uniform(key, (number,))) / number
    position = jnp.searchsorted(ends, share * ends[-1], side="right")
    # A share may be rounded up to all there is; its position is the last that is likely at all.
    last = len(likelihood) - 1 - jnp.argmax(likelihood[::-1] > 0)
    return jnp.minimum(position, last).astype(jnp.int32)
