"""Bytes: what a memory costs, and how a byte budget becomes array shapes."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from braincl_jax.types import Array, PyTree

# A lane's string costs 4 bytes before it says anything, and below this it recalls nothing useful: then fewer cues
# are kept rather than shorter ones.
MIN_STRING_BYTES = 16
# Words are counted in int32.
MAX_WORDS = 2**31 - 1


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
    budget_bytes: int,
    *,
    fixed_bytes: int,
    slot_bytes: int,
    min_string_bytes: int,
    num_images: int,
    num_tasks: int,
) -> Capacity:
    """Divides a byte budget between slots and words.

    Args:
        budget_bytes: hard limit of the whole long-term memory.
        fixed_bytes: what T decoders, T tables and the task counts weigh.
        slot_bytes: index and label of one cue.
        min_string_bytes: shortest string worth a slot.
        num_images: training images of the whole sequence; more slots are never needed.
        num_tasks: T.

    Raises:
        ValueError: the budget does not pay for the decoders and at least one cue a task.
    """
    left = budget_bytes - fixed_bytes
    num_slots = min(num_images, left // (slot_bytes + min_string_bytes))
    if num_slots < num_tasks:
        raise ValueError(
            f"budget_bytes={budget_bytes} is too small: {num_tasks} decoders with their tables take "
            f"{fixed_bytes} bytes, which leaves {left} for cues. Raise budget_bytes to at least "
            f"{fixed_bytes + num_tasks * (slot_bytes + min_string_bytes)}, or make the decoder lighter "
            "(codec.width, codec.latent_channels)."
        )
    num_words = (left - num_slots * slot_bytes) // 2
    if num_words > MAX_WORDS:
        raise ValueError(
            f"budget_bytes={budget_bytes} makes an arena of {num_words} words; at most {MAX_WORDS} can be addressed"
        )
    return Capacity(num_slots, num_words)


def fair_share(left: Array, part: Array) -> Array:
    """int32: `part` (0..1] of what is left (int32 scalar), rounded down."""
    # The last task's part is 1: it gets all, without a rounding of float32.
    return jnp.where(part >= 1, left, jnp.floor(left * part).astype(jnp.int32))
