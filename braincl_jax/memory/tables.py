"""Integer frequency tables: what the entropy coder uses in place of the float density.

A table is made once, from the trained density, and stored. Coding and decoding see only its integers, hence the
same bits on every device and version.
"""

import jax.numpy as jnp
from flax import struct

from braincl_jax.memory import density
from braincl_jax.types import Array, PyTree

PRECISION = 12
TOTAL = 1 << PRECISION


class FrequencyTable(struct.PyTreeNode):
    """Frequencies of the letters of each channel.

    Attributes:
        frequency: uint16 [..., M, A]; each row sums to 4096, letters outside the channel's support have 0.
        lowest: int8 [..., M]; the latent value that letter 0 stands for.
    """

    frequency: Array
    lowest: Array


def init(num_channels: int, alphabet_size: int) -> FrequencyTable:
    """A table of zeros, which decodes nothing."""
    return FrequencyTable(
        frequency=jnp.zeros((num_channels, alphabet_size), jnp.uint16),
        lowest=jnp.zeros(num_channels, jnp.int8),
    )


def integer_frequencies(probability: Array, support: Array) -> Array:
    """Rounds probabilities to frequencies that sum to 4096 and are >= 1 exactly on the support.

    The rounding surplus, fewer than A units, is charged to the most frequent letter, which has at least
    4096 / A of them: for A <= 64 it always stays positive.

    Args:
        probability: float32 [M, A], >= 0; need not be normalised.
        support: bool [M, A], at least one letter a row.

    Returns:
        uint16 [M, A].
    """
    probability = jnp.where(support, jnp.maximum(probability, 1e-9), 0)
    share = probability / probability.sum(-1, keepdims=True) * TOTAL
    frequency = jnp.where(support, jnp.maximum(jnp.round(share), 1), 0).astype(jnp.int32)
    surplus = frequency.sum(-1) - TOTAL
    rows = jnp.arange(len(frequency))
    return frequency.at[rows, frequency.argmax(-1)].add(-surplus).astype(jnp.uint16)


def build(params: PyTree, cues: Array, valid: Array, alphabet_size: int) -> FrequencyTable:
    """One task's table, from its trained density, over the range that its cues use.

    Where a channel's cues span more than A values, the window lies in the middle and the cues beyond it
    must be clipped (`to_letters` does).

    Args:
        params: density parameters.
        cues: int32 [N, h, w, M], rounded.
        valid: bool [N], which cues are there.
        alphabet_size: A, at most 64.

    Returns:
        FrequencyTable of shapes [M, A] and [M].
    """
    there = valid[:, None, None, None]
    low = jnp.where(there, cues, 127).min((0, 1, 2))
    high = jnp.where(there, cues, -128).max((0, 1, 2))
    middle = (low + high) // 2 - alphabet_size // 2
    lowest = jnp.clip(jnp.where(high - low < alphabet_size, low, middle), -128, 127)
    letters = jnp.arange(alphabet_size)[None]
    values = lowest[:, None] + letters
    # Whatever a cue is clipped to must be codable, also if all cues lie beyond one end.
    first, last = (jnp.clip(end - lowest, 0, alphabet_size - 1)[:, None] for end in (low, high))
    support = (letters >= first) & (letters <= last)
    probability = 2 ** -density.bits(params, values.T.astype(jnp.float32)).T
    return FrequencyTable(integer_frequencies(probability, support), lowest.astype(jnp.int8))


def to_letters(table: FrequencyTable, cues: Array) -> Array:
    """int32 cues [..., M] -> letters int32 [..., M] in 0..A-1, clipped to the table's window."""
    alphabet_size = table.frequency.shape[-1]
    lowest = jnp.broadcast_to(table.lowest.astype(jnp.int32), cues.shape)
    return jnp.clip(cues - lowest, 0, alphabet_size - 1)


def to_cues(lowest: Array, letters: Array) -> Array:
    """Letters int32 [..., M] -> cues float32 [..., M]; `lowest` int8 broadcasts to the letters."""
    lowest = jnp.broadcast_to(lowest.astype(jnp.int32), letters.shape)
    return (letters + lowest).astype(jnp.float32)


def starts(frequency: Array) -> Array:
    """Exclusive cumulative frequencies, uint32 [..., A]."""
    counts = frequency.astype(jnp.uint32)
    return jnp.cumsum(counts, -1) - counts
