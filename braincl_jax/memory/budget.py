"""Bytes: what a memory costs, and how a byte budget becomes array shapes."""

from typing import NamedTuple

import jax
import numpy as np

from braincl_jax.types import Array, PyTree

# Below this a 32x32 cue recalls nothing useful: fewer cues are kept rather than shorter ones.
MIN_STRING_BYTES = 16


class Capacity(NamedTuple):
    """Shapes of the long-term memory that a budget pays for.

    Attributes:
        num_slots: S, cues that can be stored.
        num_words: W, uint16 words of the arena.
    """

    num_slots: int
    num_words: int


def tree_bytes(tree: PyTree) -> int:
    """Bytes of all arrays of `tree` (or of its shapes, from `jax.eval_shape`)."""
    return sum(int(np.prod(leaf.shape)) * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))


def smallest_unsigned(largest: int) -> np.dtype:
    """The narrowest unsigned dtype that holds 0..largest."""
    return np.min_scalar_type(largest)


def plan_capacity(
    budget_bytes: int, *, fixed_bytes: int, slot_bytes: int, num_images: int, num_tasks: int
) -> Capacity:
    """Divides a byte budget between slots and words.

    Args:
        budget_bytes: hard limit of the whole long-term memory.
        fixed_bytes: what T decoders, T tables and the task counts weigh.
        slot_bytes: index and label of one cue.
        num_images: training images of the whole sequence; more slots are never needed.
        num_tasks: T.

    Raises:
        ValueError: the budget does not pay for the decoders and at least one cue a task.
    """
    left = budget_bytes - fixed_bytes
    num_slots = min(num_images, left // (slot_bytes + MIN_STRING_BYTES))
    if num_slots < num_tasks:
        raise ValueError(
            f"budget_bytes={budget_bytes} is too small: {num_tasks} decoders with their tables take "
            f"{fixed_bytes} bytes, which leaves {left} for cues. Raise budget_bytes to at least "
            f"{fixed_bytes + num_tasks * (slot_bytes + MIN_STRING_BYTES)}, or make the decoder lighter "
            "(codec.width, codec.latent_channels)."
        )
    return Capacity(num_slots, (left - num_slots * slot_bytes) // 2)


def fair_share(capacity: int, used: Array, task: Array, num_tasks: int) -> Array:
    """int32: what task `task` may use of what is left, so that the tasks to come get as much."""
    return (capacity - used) // (num_tasks - task)
