"""Bytes: what a memory costs, and how a byte budget becomes a block of words."""

from collections.abc import Callable

import jax
import numpy as np

from braincl_jax.types import PyTree

# A string costs 4 bytes before it says anything, and below this it recalls nothing useful: then fewer cues are kept
# rather than shorter ones.
MIN_STRING_WORDS = 8
# What a cue's latents should cost on average: with fewer bits most of them would always be 0, with more of them the
# codec could do better.
BITS_PER_LATENT = 1.4
MIN_CHANNELS = 4
# Words are counted in int32.
MAX_WORDS = 2**31 - 1


def tree_bytes(tree: PyTree) -> int:
    """Bytes of all arrays of `tree` (or of its shapes, from `jax.eval_shape`)."""
    return sum(int(np.prod(leaf.shape)) * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))


def smallest_unsigned(largest: int) -> np.dtype:
    """The narrowest unsigned dtype that holds 0..largest."""
    return np.min_scalar_type(largest)


def plan_channels(
    budget_bytes: int, *, num_images: int, image_shape: tuple[int, int, int], block: int
) -> int:
    """Latent channels that suit what a budget leaves for each image.

    Args:
        budget_bytes: hard limit of the whole long-term memory.
        num_images: training images of the whole sequence.
        image_shape: (H, W, C).
        block: b, pixels along a side for which there is one position of a cue.

    Returns:
        M, at most the b * b * C numbers that a block of pixels has.
    """
    height, width, colours = image_shape
    positions = -(-height // block) * -(-width // block)
    bits = 8 * budget_bytes / num_images
    most = block * block * colours
    return max(min(MIN_CHANNELS, most), min(round(bits / positions / BITS_PER_LATENT), most))


def plan_words(
    budget_bytes: int,
    *,
    count_bytes: int,
    trunk_words: int,
    record_words: int,
    cue_words: Callable[[int], int],
    num_tasks: int,
) -> int:
    """Words of the block that a byte budget pays for.

    Args:
        budget_bytes: hard limit of the whole long-term memory.
        count_bytes: what is stored beside the block.
        trunk_words: what all tasks share.
        record_words: decoder and table of one task.
        cue_words: of the shortest string worth storing with its entry in the index, which may be wider in a memory of
            more bytes.
        num_tasks: T.

    Raises:
        ValueError: the budget does not pay for the decoders and at least one cue a task, or for more words than can be
            counted.
    """
    num_words = (budget_bytes - count_bytes) // 2

    def least(bytes_in_all: int) -> int:
        return trunk_words + num_tasks * (record_words + cue_words(bytes_in_all))

    if num_words < least(budget_bytes):
        enough = 2 * least(2 * least(budget_bytes) + count_bytes) + count_bytes
        raise ValueError(
            f"budget_bytes={budget_bytes} is too small: {num_tasks} tasks need {2 * record_words} bytes each for "
            f"decoder and table, {2 * trunk_words} bytes for what all of them share, and room for at least one cue. "
            f"Raise it (budget_bytes or bytes_per_class) to at least {enough} bytes in all, make the "
            "decoder lighter (codec.width, codec.latent_channels), or have tasks share more of it (codec.shared)"
        )
    if num_words > MAX_WORDS:
        raise ValueError(
            f"budget_bytes={budget_bytes} makes a block of {num_words} words; at most {MAX_WORDS} can be addressed: "
            f"lower it to {2 * MAX_WORDS + count_bytes} or less"
        )
    return num_words
