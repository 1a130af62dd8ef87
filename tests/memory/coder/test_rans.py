"""The rANS coder: what goes in comes out, at the length theory allows, or is flagged."""

from typing import Any, NamedTuple

import constriction
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from braincl_jax.memory.coder import rans

TOTAL = 4096
# A native module whose contents type checkers cannot see.
STREAM: Any = vars(constriction)["stream"]
# (lanes, tables, symbols of each table, alphabet): few shapes, so that each compiles once.
SHAPES = [(1, 1, 1, 2), (5, 1, 12, 5), (2, 4, 3, 64), (3, 2, 7, 17)]

encode = jax.jit(rans.encode, static_argnames="max_words")


class Example(NamedTuple):
    """Symbols int32 [lanes, n] in the order of a string, where each table's begin and end [n, A + 1], and tags."""

    symbols: np.ndarray
    edges: np.ndarray
    tag: np.ndarray

    @property
    def frequency(self) -> np.ndarray:
        place = np.arange(len(self.edges))
        return np.diff(self.edges)[place, self.symbols]

    def encoded(self, max_words):
        first = self.edges[np.arange(len(self.edges)), self.symbols]
        return encode(first, self.frequency, self.tag, max_words=max_words)


def example_of(rng, frequency, lanes, number):
    """`number` symbols of each row of `frequency` [tables, A], as likely as it says."""
    edges = np.pad(np.cumsum(frequency, -1), ((0, 0), (1, 0)))
    draws = rng.integers(0, TOTAL, (len(edges), lanes, number))
    symbols = [
        np.searchsorted(row, draw, side="right") - 1 for row, draw in zip(edges, draws, strict=True)
    ]
    tag = rng.integers(0, 1 << 16, lanes, np.uint32)
    symbols = np.concatenate(symbols, 1).astype(np.int32)
    return Example(symbols, np.repeat(edges, number, 0).astype(np.int32), tag)


def of_letters(frequency, symbols, tag):
    """An example by hand, all symbols of one table."""
    edges = np.cumsum([0, *frequency]).astype(np.int32)
    return Example(np.array(symbols), np.tile(edges, (len(symbols[0]), 1)), np.array(tag))


@st.composite
def frequency_rows(draw, alphabet):
    """4096 units cut at random places and given to a random subset of the symbols."""
    support = sorted(draw(st.sets(st.integers(0, alphabet - 1), min_size=1)))
    number = len(support) - 1
    cuts = draw(st.sets(st.integers(1, TOTAL - 1), min_size=number, max_size=number))
    row = np.zeros(alphabet, int)
    row[support] = np.diff([0, *sorted(cuts), TOTAL])
    return row


@st.composite
def examples(draw):
    lanes, tables, number, alphabet = draw(st.sampled_from(SHAPES))
    frequency = np.stack([draw(frequency_rows(alphabet)) for _ in range(tables)])
    return example_of(
        np.random.default_rng(draw(st.integers(0, 2**32 - 1))), frequency, lanes, number
    )


def typical_example(lanes=4, tables=4, number=64, seed=0):
    """Symbols drawn from bell-shaped tables, as cues are."""
    width = np.linspace(0.5, 4, tables)[:, None]
    bell = np.exp(-np.abs(np.arange(32) - 16) / width)
    frequency = np.maximum(np.floor(bell / bell.sum(1, keepdims=True) * (TOTAL - 32)), 1)
    frequency[:, 16] += TOTAL - frequency.sum(1)
    return example_of(np.random.default_rng(seed), frequency.astype(int), lanes, number)


def ideal_bits(example):
    return -np.log2(example.frequency / TOTAL).sum(1)


def plain_decode(words, start, length, tag, edges):
    """Symbols int32 [lanes, n], and whether their strings are intact."""

    def step(decoder, row):
        symbol = jnp.searchsorted(row, rans.slot(decoder), side="right") - 1
        decoder = rans.advance(words, decoder, row[symbol], row[symbol + 1] - row[symbol])
        return decoder, symbol

    decoder, symbols = jax.lax.scan(step, rans.begin(words, start), edges)
    return symbols.T, rans.is_intact(decoder, start, length, tag)


decode = jax.jit(plain_decode)


def decode_rows(words, lengths, example, tag=None):
    """Decodes strings that lie in the rows of `words`."""
    lanes, room = words.shape
    tag = jnp.asarray(example.tag if tag is None else tag)
    return decode(words.reshape(-1), jnp.arange(lanes) * room, lengths, tag, example.edges)


@given(examples())
@settings(max_examples=40, deadline=None)
def test_any_letters_come_back_within_the_worst_case_length(example):
    room = rans.worst_case_words(example.symbols[0].size)
    words, lengths = example.encoded(room)
    symbols, intact = decode_rows(words, lengths, example)
    np.testing.assert_array_equal(symbols, example.symbols)
    assert np.asarray(intact).all()
    assert (np.asarray(lengths) <= room).all()
    assert (8 * 2 * np.asarray(lengths) >= ideal_bits(example)).all()


def test_letters_without_information_leave_the_initial_state():
    # f = 4096, start = 0: x -> (x // 4096) * 4096 + x mod 4096 = x.
    # The state 2^16 + tag is flushed as it is.
    words, lengths = of_letters([0, TOTAL, 0], np.ones((2, 9), int), [5, 65535]).encoded(4)
    np.testing.assert_array_equal(words, [[1, 5, 0, 0], [1, 65535, 0, 0]])
    np.testing.assert_array_equal(lengths, [2, 2])


def test_two_letters_by_hand():
    # f = (1024, 3072), starts (0, 1024), x = 65536 + 7. The last symbol is pushed first.
    # symbol 1: 65543 = 21 * 3072 + 1031 -> 21 * 4096 + 1024 + 1031 = 88071
    # symbol 0: 88071 = 86 * 1024 + 7    -> 86 * 4096 + 0 + 7 = 352263 = 5 * 65536 + 24583
    words, lengths = of_letters([1024, 3072], [[0, 1]], [7]).encoded(3)
    np.testing.assert_array_equal(words, [[5, 24583, 0]])
    assert lengths.tolist() == [2]


def test_two_letters_are_decoded_by_hand():
    # As above, backwards: 352263 = 86 * 4096 + 7, slot 7 is symbol 0 -> 1024 * 86 + 7 - 0 = 88071 = 21 * 4096 + 2055,
    # slot 2055 is symbol 1 -> 3072 * 21 + 2055 - 1024 = 65543.
    words, start = jnp.array([9, 5, 24583], jnp.uint16), jnp.array([1])
    decoder = rans.begin(words, start)
    states, slots = [int(decoder.state[0])], []
    for first, frequency in ((0, 1024), (1024, 3072)):
        slots.append(int(rans.slot(decoder)[0]))
        decoder = rans.advance(words, decoder, jnp.array([first]), jnp.array([frequency]))
        states.append(int(decoder.state[0]))
    assert (states, slots) == ([352263, 88071, 65543], [7, 2055])
    length, tag = jnp.array([2]), jnp.array([7], jnp.uint32)
    assert rans.is_intact(decoder, start, length, tag).tolist() == [True]


def test_a_word_is_emitted_by_hand():
    # f = (1, 4095): 65536 >> 20 = 0 < 1, so no word: 65536 -> 65536 * 4096 + 0 = 2^28.
    # Again: 2^28 >> 20 = 256 >= 1 emits the low word 0, leaves 2^12 -> 2^24 = 256 * 65536.
    words, lengths = of_letters([1, 4095], [[0, 0]], [0]).encoded(4)
    np.testing.assert_array_equal(words, [[256, 0, 0, 0]])
    assert lengths.tolist() == [3]


@pytest.mark.parametrize("number", [64, 256])
def test_coded_length_is_close_to_the_ideal(number):
    example = typical_example(lanes=8, number=number)
    _, lengths = example.encoded(rans.worst_case_words(4 * number))
    ideal = ideal_bits(example) / 8
    overhead = 2 * np.asarray(lengths) - ideal
    assert (overhead > 0).all()
    assert (overhead <= 0.02 * ideal + 4).all()


def test_coded_length_is_that_of_an_independent_coder():
    example = typical_example(lanes=6, number=128)
    _, lengths = example.encoded(512)
    # The symbols of a table follow each other.
    models = [
        STREAM.model.Categorical(np.diff(row).astype(np.float64) / TOTAL, perfect=False)
        for row in example.edges[::128]
    ]
    for symbols, length in zip(example.symbols, np.asarray(lengths), strict=True):
        coder = STREAM.stack.AnsCoder()
        for row, model in zip(symbols.reshape(4, 128)[::-1], models[::-1], strict=True):
            coder.encode_reverse(row, model)
        # It starts from an empty state and counts single bits; we fill whole words of 16 bits.
        assert -8 <= 16 * length - coder.num_valid_bits() <= 32


def test_a_string_that_does_not_fit_is_reported_and_harms_no_other():
    symbols = np.ones((3, 16), int)
    symbols[1] = 0  # 16 symbols of 12 bits: 12 words and 2 to flush
    example = of_letters([1, 4095], symbols, [1, 2, 3])
    roomy, roomy_lengths = example.encoded(20)
    for room in (2, 5, 13):
        words, lengths = example.encoded(room)
        assert lengths[1] > room
        np.testing.assert_array_equal(words[::2], roomy[::2, :room])
        np.testing.assert_array_equal(lengths[::2], roomy_lengths[::2])
    assert roomy_lengths.tolist() == [2, 14, 2]


def test_every_wrong_tag_or_length_is_flagged():
    example = typical_example(number=4)
    words, lengths = example.encoded(16)
    for bit in range(16):
        _, intact = decode_rows(words, lengths, example, example.tag ^ np.uint32(1 << bit))
        assert not np.asarray(intact).any()
    for other in (lengths - 1, lengths + 1):
        assert not np.asarray(decode_rows(words, other, example)[1]).any()


def test_every_single_flipped_bit_is_flagged():
    example = typical_example(lanes=1, number=8)
    words, lengths = example.encoded(32)
    length = int(lengths[0])
    flips = np.repeat(np.asarray(words), 16 * length, axis=0)
    bit = np.arange(16 * length)
    flips[bit, bit // 16] ^= (1 << bit % 16).astype(np.uint16)
    _, intact = decode_rows(
        jnp.asarray(flips), jnp.full(len(bit), length), example, np.repeat(example.tag, len(bit))
    )
    # Each passes with probability 2^-16; none of these does.
    assert not np.asarray(intact).any()


def test_decoding_is_the_same_without_jit_and_on_four_devices():
    example = typical_example(lanes=8, tables=2, number=3)
    words, lengths = example.encoded(8)
    words, edges = words.reshape(-1), jnp.asarray(example.edges)
    of_lane = jnp.arange(8) * 8, lengths, jnp.asarray(example.tag)
    with jax.disable_jit():
        plain, intact = plain_decode(words, *of_lane, edges)
    np.testing.assert_array_equal(plain, example.symbols)
    assert intact.all()
    on_devices = jax.pmap(plain_decode, in_axes=(None, 0, 0, 0, None))
    symbols, intact = on_devices(words, *(x.reshape(4, 2) for x in of_lane), edges)
    np.testing.assert_array_equal(symbols.reshape(example.symbols.shape), example.symbols)
    assert intact.all()
