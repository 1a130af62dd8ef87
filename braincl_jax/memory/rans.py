"""Vectorised rANS inside jit: many independent lanes, integers only.

Duda (2013), "Asymmetric numeral systems", in the range variant with a 32-bit state, 16-bit words and 12-bit
frequencies. The state lives in [2^16, 2^32); a letter of frequency f and start s maps x to
(x // f) * 4096 + s + x mod f, and emits at most one word. All lanes are on the same channel at a step, so that a
step is one gather in a table row. A string is [high word, low word, further words in reading order].

A lane starts from 2^16 + tag, and the decoder must end there: 16 bits of integrity check that cost nothing,
because they fill the part of the initial state that is otherwise wasted.
"""

import jax
import jax.numpy as jnp

from braincl_jax.memory.tables import PRECISION, TOTAL, starts
from braincl_jax.types import Array

LOWER = 1 << 16
FLUSH_WORDS = 2
# Loop iterations fused into one: on CPU the cost of a step is the loop, not the lanes.
UNROLL = 8


def worst_case_words(num_letters: int) -> int:
    """No string of `num_letters` letters is longer than this many words."""
    return -(-num_letters * PRECISION // 16) + FLUSH_WORDS


def encode(letters: Array, frequency: Array, tag: Array, max_words: int) -> tuple[Array, Array]:
    """Codes each lane's letters.

    Args:
        letters: int32 [lanes, M, n], each of frequency >= 1.
        frequency: uint16 [M, A], rows sum to 4096.
        tag: uint32 [lanes], 0..65535; must be given to check the decoded string.
        max_words: room for a string.

    Returns:
        words uint16 [lanes, max_words], strings left-aligned and zero-padded, and lengths int32 [lanes] in words.
        A length above `max_words` means that the string did not fit and its words are not valid.
    """
    lanes, num_channels, per_channel = letters.shape
    row = jnp.arange(lanes)
    first = starts(frequency)

    def push(carry, step):
        state, cursor, words = carry
        letter, channel = step
        count = frequency[channel, letter].astype(jnp.uint32)
        emit = (state >> (32 - PRECISION)) >= count
        cursor = cursor - emit
        # A negative index would wrap around: send what does not fit, and what is not emitted, out of bounds.
        where = jnp.where(emit & (cursor >= 0), cursor, max_words)
        words = words.at[row, where].set(state.astype(jnp.uint16), mode="drop")
        state = jnp.where(emit, state >> 16, state)
        state = ((state // count) << PRECISION) + state % count + first[channel, letter]
        return (state, cursor, words), None

    order = jnp.moveaxis(letters.reshape(lanes, -1), 0, 1)[::-1]
    channels = jnp.repeat(jnp.arange(num_channels), per_channel)[::-1]
    initial = (
        jnp.uint32(LOWER) + tag.astype(jnp.uint32),
        jnp.full(lanes, max_words, jnp.int32),
        jnp.zeros((lanes, max_words), jnp.uint16),
    )
    (state, cursor, words), _ = jax.lax.scan(push, initial, (order, channels), unroll=UNROLL)
    cursor = cursor - FLUSH_WORDS
    for offset, word in enumerate((state >> 16, state & 0xFFFF)):
        where = jnp.where(cursor >= 0, cursor + offset, max_words)
        words = words.at[row, where].set(word.astype(jnp.uint16), mode="drop")
    left_aligned = jnp.take_along_axis(
        words,
        jnp.minimum(cursor[:, None], max_words) + jnp.arange(max_words)[None],
        1,
        mode="fill",
        fill_value=0,
    )
    return left_aligned, max_words - cursor


def decode_table(frequency: Array) -> Array:
    """One packed row per channel: entry = letter << 24 | (frequency - 1) << 12 | (slot - start).

    Args:
        frequency: uint16 [..., M, A], A <= 256.

    Returns:
        uint32 [..., M, 4096].
    """
    alphabet_size = frequency.shape[-1]
    first = starts(frequency).reshape(-1, alphabet_size)
    count = frequency.astype(jnp.uint32).reshape(-1, alphabet_size)
    rows = jnp.arange(len(first))[:, None]
    marks = jnp.zeros((len(first), TOTAL), jnp.int32)
    # The letter of a slot is the number of later letters that have started; those that start at 4096 never do.
    letter = jnp.cumsum(marks.at[rows, first[:, 1:]].add(1, mode="drop"), -1)
    offset = jnp.arange(TOTAL, dtype=jnp.uint32)[None] - jnp.take_along_axis(first, letter, 1)
    packed = (letter.astype(jnp.uint32) << 24) | (
        (jnp.take_along_axis(count, letter, 1) - 1) << PRECISION
    )
    return (packed | (offset & (TOTAL - 1))).reshape(*frequency.shape[:-1], TOTAL)


def decode(
    words: Array,
    start: Array,
    length: Array,
    table: Array,
    which: Array,
    tag: Array,
    letters_per_channel: int,
) -> tuple[Array, Array]:
    """Decodes one string per lane from an arena of words.

    Args:
        words: uint16 [W], the arena.
        start: int32 [lanes], where each string begins.
        length: int32 [lanes], words of each string.
        table: uint32 [G, M, 4096] from `decode_table`.
        which: int32 [lanes], the table 0..G-1 of each lane.
        tag: uint32 [lanes], as given to `encode`.
        letters_per_channel: n.

    Returns:
        letters int32 [lanes, M, n] and intact bool [lanes]: the string ended in the initial state and was read to
        exactly its length.
    """
    num_channels = table.shape[-2]
    flat = table.reshape(-1)
    row = which * (num_channels * TOTAL)

    def word(at):
        return jnp.take(words, at, mode="clip").astype(jnp.uint32)

    def pop(carry, channel):
        state, cursor = carry
        entry = flat[row + channel * TOTAL + (state & (TOTAL - 1)).astype(jnp.int32)]
        state = (((entry >> PRECISION) & (TOTAL - 1)) + 1) * (state >> PRECISION) + (
            entry & (TOTAL - 1)
        )
        refill = state < LOWER
        state = jnp.where(refill, (state << 16) | word(cursor), state)
        return (state, cursor + refill), (entry >> 24).astype(jnp.uint8)

    channels = jnp.repeat(jnp.arange(num_channels), letters_per_channel)
    initial = ((word(start) << 16) | word(start + 1), start + FLUSH_WORDS)
    (state, cursor), letters = jax.lax.scan(pop, initial, channels, unroll=UNROLL)
    intact = (state == LOWER + tag) & (cursor == start + length)
    letters = jnp.moveaxis(letters, 0, 1).astype(jnp.int32)
    return letters.reshape(len(start), num_channels, letters_per_channel), intact
