"""The rANS coder: what goes in comes out, at the length theory allows, or is flagged."""

import functools
from typing import Any, NamedTuple

import constriction
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from braincl_jax.memory import rans

TOTAL = 4096
# A native module whose contents type checkers cannot see.
STREAM: Any = vars(constriction)["stream"]
# (lanes, channels, letters per channel, alphabet): few shapes, so that each compiles once.
SHAPES = [(1, 1, 1, 2), (5, 1, 12, 5), (2, 4, 3, 64), (3, 2, 7, 17)]

encode = jax.jit(rans.encode, static_argnames="max_words")
decode = jax.jit(rans.decode, static_argnames="letters_per_channel")
decode_table = jax.jit(rans.decode_table)


class Example(NamedTuple):
    letters: np.ndarray
    frequency: np.ndarray
    tag: np.ndarray


@st.composite
def frequency_rows(draw, alphabet):
    """4096 units cut at random places and given to a random subset of the letters."""
    support = sorted(draw(st.sets(st.integers(0, alphabet - 1), min_size=1)))
    number = len(support) - 1
    cuts = draw(st.sets(st.integers(1, TOTAL - 1), min_size=number, max_size=number))
    row = np.zeros(alphabet, np.uint16)
    row[support] = np.diff([0, *sorted(cuts), TOTAL])
    return row


@st.composite
def examples(draw):
    lanes, channels, number, alphabet = draw(st.sampled_from(SHAPES))
    frequency = np.stack([draw(frequency_rows(alphabet)) for _ in range(channels)])
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    letters = np.stack([rng.choice(np.flatnonzero(row), (lanes, number)) for row in frequency], 1)
    return Example(letters.astype(np.int32), frequency, rng.integers(0, 1 << 16, lanes, np.uint32))


def typical_example(lanes=4, channels=4, number=64, seed=0):
    """Letters drawn from bell-shaped tables, as cues are."""
    rng = np.random.default_rng(seed)
    width = np.linspace(0.5, 4, channels)[:, None]
    bell = np.exp(-np.abs(np.arange(32) - 16) / width)
    frequency = np.maximum(np.floor(bell / bell.sum(1, keepdims=True) * (TOTAL - 32)), 1)
    frequency[:, 16] += TOTAL - frequency.sum(1)
    letters = np.stack([rng.choice(32, (lanes, number), p=row / TOTAL) for row in frequency], 1)
    tag = rng.integers(0, 1 << 16, lanes, np.uint32)
    return Example(letters.astype(np.int32), frequency.astype(np.uint16), tag)


def ideal_bits(example):
    channel = np.arange(len(example.frequency))[:, None]
    return -np.log2(example.frequency[channel, example.letters] / TOTAL).sum((1, 2))


def decode_rows(words, lengths, example, tag=None):
    """Decodes strings that lie in the rows of `words`."""
    lanes, room = words.shape
    start = jnp.arange(lanes) * room
    tag = example.tag if tag is None else tag
    return decode(
        words.reshape(-1),
        start,
        lengths,
        decode_table(example.frequency)[None],
        jnp.zeros(lanes, jnp.int32),
        jnp.asarray(tag),
        letters_per_channel=example.letters.shape[-1],
    )


@given(examples())
@settings(max_examples=40, deadline=None)
def test_any_letters_come_back_within_the_worst_case_length(example):
    room = rans.worst_case_words(example.letters[0].size)
    words, lengths = encode(*example, max_words=room)
    letters, intact = decode_rows(words, lengths, example)
    np.testing.assert_array_equal(letters, example.letters)
    assert np.asarray(intact).all()
    assert (np.asarray(lengths) <= room).all()
    assert (8 * 2 * np.asarray(lengths) >= ideal_bits(example)).all()


def test_letters_without_information_leave_the_initial_state():
    # f = 4096, start = 0: x -> (x // 4096) * 4096 + x mod 4096 = x.
    # The state 2^16 + tag is flushed as it is.
    frequency = np.array([[0, TOTAL, 0]], np.uint16)
    words, lengths = encode(
        np.ones((2, 1, 9), np.int32), frequency, np.array([5, 65535]), max_words=4
    )
    np.testing.assert_array_equal(words, [[1, 5, 0, 0], [1, 65535, 0, 0]])
    np.testing.assert_array_equal(lengths, [2, 2])


def test_two_letters_by_hand():
    # f = (1024, 3072), starts (0, 1024), x = 65536 + 7. The last letter is pushed first.
    # letter 1: 65543 = 21 * 3072 + 1031 -> 21 * 4096 + 1024 + 1031 = 88071
    # letter 0: 88071 = 86 * 1024 + 7    -> 86 * 4096 + 0 + 7 = 352263 = 5 * 65536 + 24583
    frequency = np.array([[1024, 3072]], np.uint16)
    words, lengths = encode(np.array([[[0, 1]]]), frequency, np.array([7]), max_words=3)
    np.testing.assert_array_equal(words, [[5, 24583, 0]])
    assert lengths.tolist() == [2]


def test_a_word_is_emitted_by_hand():
    # f = (1, 4095): 65536 >> 20 = 0 < 1, so no word: 65536 -> 65536 * 4096 + 0 = 2^28.
    # Again: 2^28 >> 20 = 256 >= 1 emits the low word 0, leaves 2^12 -> 2^24 = 256 * 65536.
    frequency = np.array([[1, 4095]], np.uint16)
    words, lengths = encode(np.zeros((1, 1, 2), np.int32), frequency, np.array([0]), max_words=4)
    np.testing.assert_array_equal(words, [[256, 0, 0, 0]])
    assert lengths.tolist() == [3]


@pytest.mark.parametrize("number", [64, 256])
def test_coded_length_is_close_to_the_ideal(number):
    example = typical_example(lanes=8, number=number)
    _, lengths = encode(*example, max_words=rans.worst_case_words(4 * number))
    ideal = ideal_bits(example) / 8
    overhead = 2 * np.asarray(lengths) - ideal
    assert (overhead > 0).all()
    assert (overhead <= 0.02 * ideal + 4).all()


def test_coded_length_is_that_of_an_independent_coder():
    example = typical_example(lanes=6, number=128)
    _, lengths = encode(*example, max_words=512)
    for letters, length in zip(example.letters, np.asarray(lengths), strict=True):
        coder = STREAM.stack.AnsCoder()
        for row, frequency in zip(letters[::-1], example.frequency[::-1], strict=True):
            model = STREAM.model.Categorical(frequency.astype(np.float64) / TOTAL, perfect=False)
            coder.encode_reverse(row, model)
        # It starts from an empty state and counts single bits; we fill whole words of 16 bits.
        assert -8 <= 16 * length - coder.num_valid_bits() <= 32


def test_a_string_that_does_not_fit_is_reported_and_harms_no_other():
    frequency = np.array([[1, 4095]], np.uint16)
    letters = np.ones((3, 1, 16), np.int32)
    letters[1] = 0  # 16 letters of 12 bits: 12 words and 2 to flush
    tag = np.array([1, 2, 3])
    roomy, roomy_lengths = encode(letters, frequency, tag, max_words=20)
    for room in (2, 5, 13):
        words, lengths = encode(letters, frequency, tag, max_words=room)
        assert lengths[1] > room
        np.testing.assert_array_equal(words[::2], roomy[::2, :room])
        np.testing.assert_array_equal(lengths[::2], roomy_lengths[::2])
    assert roomy_lengths.tolist() == [2, 14, 2]


def test_every_wrong_tag_or_length_is_flagged():
    example = typical_example(number=4)
    words, lengths = encode(*example, max_words=16)
    for bit in range(16):
        _, intact = decode_rows(words, lengths, example, example.tag ^ np.uint32(1 << bit))
        assert not np.asarray(intact).any()
    for other in (lengths - 1, lengths + 1):
        assert not np.asarray(decode_rows(words, other, example)[1]).any()


def test_every_single_flipped_bit_is_flagged():
    example = typical_example(lanes=1, number=8)
    words, lengths = encode(*example, max_words=32)
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
    example = typical_example(lanes=8, channels=2, number=3)
    words, lengths = encode(*example, max_words=8)
    table = decode_table(np.stack([example.frequency[::-1], example.frequency]))
    arguments = (words.reshape(-1), jnp.arange(8) * 8, lengths, table, jnp.ones(8, jnp.int32))
    with jax.disable_jit():
        plain, intact = rans.decode(*arguments, jnp.asarray(example.tag), 3)
    np.testing.assert_array_equal(plain, example.letters)
    assert intact.all()

    def shard(x):
        return x.reshape(4, 2)

    on_devices = jax.pmap(
        functools.partial(rans.decode, letters_per_channel=3), in_axes=(None, 0, 0, None, 0, 0)
    )
    start, which = shard(arguments[1]), shard(arguments[4])
    letters, intact = on_devices(
        arguments[0], start, shard(lengths), table, which, shard(jnp.asarray(example.tag))
    )
    np.testing.assert_array_equal(letters.reshape(example.letters.shape), example.letters)
    assert intact.all()


@given(st.data(), st.sampled_from([2, 17, 64]))
@settings(max_examples=30, deadline=None)
def test_decode_table_holds_letter_frequency_and_offset_of_every_slot(data, alphabet):
    frequency = data.draw(frequency_rows(alphabet))
    entry = np.asarray(decode_table(frequency[None])[0])
    letter = np.repeat(np.arange(alphabet), frequency)
    first = np.cumsum(frequency, dtype=int) - frequency
    np.testing.assert_array_equal(entry >> 24, letter)
    np.testing.assert_array_equal((entry >> 12) & 4095, frequency[letter] - 1)
    np.testing.assert_array_equal(entry & 4095, np.arange(TOTAL) - first[letter])
