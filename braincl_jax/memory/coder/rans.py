"""Vectorised rANS inside jit: many independent lanes, integers only.

Duda (2013), "Asymmetric numeral systems", in the range variant with a 32-bit state, 16-bit words and 12-bit
frequencies. The state lives in [2^16, 2^32); a symbol of frequency f and start s maps x to
(x // f) * 4096 + s + x mod f, and emits at most one word. A string is [high word, low word, further words in reading
order]. What the symbols are, and how frequent, is nothing to the coder.

A lane starts from 2^16 + tag, and the decoder must end there: 16 bits of integrity check that cost nothing,
because they fill the part of the initial state that is otherwise wasted.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from braincl_jax.memory.coder.tables import PRECISION, TOTAL
from braincl_jax.types import Array

LOWER = 1 << 16
FLUSH_WORDS = 2
# Loop iterations fused into one: on CPU the cost of a step is the loop, not the lanes.
UNROLL = 8


class Decoder(NamedTuple):
    """Where the decoding of each lane is.

    Attributes:
        state: uint32 [lanes].
        cursor: int32 [lanes], the next word.
    """

    state: Array
    cursor: Array


def worst_case_words(num_symbols: int) -> int:
    """No string of `num_symbols` symbols is longer than this many words."""
    return -(-num_symbols * PRECISION // 16) + FLUSH_WORDS


def encode(first: Array, frequency: Array, tag: Array, max_words: int) -> tuple[Array, Array]:
    """Codes each lane's symbols.

    Args:
        first: int32 [lanes, n], where the symbols begin in 0..4095, in the order in which they will be decoded.
        frequency: int32 [lanes, n], 1..4096.
        tag: uint32 [lanes], 0..65535; must be given to check the decoded string.
        max_words: room for a string.

    Returns:
        words uint16 [lanes, max_words], strings left-aligned and zero-padded, and lengths int32 [lanes] in words.
        A length above `max_words` means that the string did not fit and its words are not valid.
    """
    lanes = len(first)
    row = jnp.arange(lanes)

    def push(carry, symbol):
        state, cursor, words = carry
        start, count = symbol
        emit = (state >> (32 - PRECISION)) >= count
        cursor = cursor - emit
        # A negative index would wrap around: send what does not fit, and what is not emitted, out of bounds.
        where = jnp.where(emit & (cursor >= 0), cursor, max_words)
        words = words.at[row, where].set(state.astype(jnp.uint16), mode="drop")
        state = jnp.where(emit, state >> 16, state)
        state = ((state // count) << PRECISION) + state % count + start
        return (state, cursor, words), None

    symbols = tuple(x.astype(jnp.uint32).T[::-1] for x in (first, frequency))
    initial = (
        jnp.uint32(LOWER) + tag.astype(jnp.uint32),
        jnp.full(lanes, max_words, jnp.int32),
        jnp.zeros((lanes, max_words), jnp.uint16),
    )
    (state, cursor, words), _ = jax.lax.scan(push, initial, symbols, unroll=UNROLL)
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


def _word(words: Array, at: Array) -> Array:
    return jnp.take(words, at, mode="clip").astype(jnp.uint32)


def begin(words: Array, start: Array) -> Decoder:
    """Decoding from words uint16 [W], of the strings that begin at `start` int32 [lanes]."""
    return Decoder((_word(words, start) << 16) | _word(words, start + 1), start + FLUSH_WORDS)


def slot(decoder: Decoder) -> Array:
    """int32 [lanes], 0..4095: the next symbol is the one that this belongs to."""
    return (decoder.state & (TOTAL - 1)).astype(jnp.int32)


def advance(words: Array, decoder: Decoder, first: Array, frequency: Array) -> Decoder:
    """Past a symbol that begins at `first` and has `frequency`, int32 [lanes] each."""
    state, cursor = decoder
    offset = (state & (TOTAL - 1)) - first.astype(jnp.uint32)
    state = frequency.astype(jnp.uint32) * (state >> PRECISION) + offset
    refill = state < LOWER
    state = jnp.where(refill, (state << 16) | _word(words, cursor), state)
    return Decoder(state, cursor + refill)


def is_intact(decoder: Decoder, start: Array, length: Array, tag: Array) -> Array:
    """Whether each string ended in the state it was begun with, and was read to exactly its length: bool [lanes]."""
    return (decoder.state == LOWER + tag) & (decoder.cursor == start + length)
