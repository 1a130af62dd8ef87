"""Integer tables: exact sums, supports that cover what is coded, lengths as foretold."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from braincl_jax.memory import density, rans, store, tables

integer_frequencies = jax.jit(tables.integer_frequencies)
build = jax.jit(tables.build, static_argnames="alphabet_size")
ALPHABET = 8


def logistic_density(channels):
    """Every channel logistic with scale 1."""
    return density.init(jax.random.key(0), channels)


def cues_of(values):
    """One cue for every row of `values` [N, M], of a single position."""
    return jnp.asarray(values, jnp.int32)[:, None, None]


def build_table(values, valid=None, alphabet_size=ALPHABET):
    cues = cues_of(values)
    valid = np.ones(len(cues), bool) if valid is None else np.asarray(valid)
    return build(logistic_density(cues.shape[-1]), cues, valid, alphabet_size=alphabet_size)


@st.composite
def probabilities(draw):
    """[M, A] float32 rows, often with zeros and not normalised, and supports of >= 1 letter."""
    shape = draw(st.sampled_from([(1, 2), (3, 17), (2, 64)]))
    exponent = draw(npst.arrays(np.float32, shape, elements=st.floats(-30, 0, width=32)))
    support = draw(npst.arrays(bool, shape))
    support[:, draw(st.integers(0, shape[1] - 1))] = True
    probability = np.float32(2) ** exponent * draw(npst.arrays(bool, shape))
    return probability, support


@given(probabilities())
@settings(max_examples=60, deadline=None)
def test_frequencies_sum_to_4096_and_are_positive_exactly_on_the_support(example):
    probability, support = example
    frequency = np.asarray(integer_frequencies(probability, support))
    assert frequency.dtype == np.uint16
    assert (frequency.sum(-1, dtype=int) == 4096).all()
    np.testing.assert_array_equal(frequency > 0, support)


def test_integer_frequencies_by_hand():
    probability = np.array([[0.5, 0.3, 0.2, 0.0, 0.7], [1.0, 0.0, 0.0, 0.0, 0.0]], np.float32)
    support = np.array([[1, 1, 1, 1, 0], [1, 0, 0, 0, 0]], bool)
    # .5 * 4096 = 2048, .3 * 4096 = 1228.8 -> 1229, .2 * 4096 = 819.2 -> 819, 0 -> at least 1:
    # 4097 in all, so the most frequent gives one; .7 is outside the support.
    expected = [[2047, 1229, 819, 1, 0], [4096, 0, 0, 0, 0]]
    np.testing.assert_array_equal(integer_frequencies(probability, support), expected)


def test_the_table_covers_the_range_of_the_valid_cues():
    table = build_table([[-1, 3], [2, 3], [50, -50]], valid=[True, True, False])
    np.testing.assert_array_equal(table.lowest, [-1, 3])
    # Values -1, 0, 1, 2 in the first channel and 3 alone in the second.
    np.testing.assert_array_equal(table.frequency > 0, [[1] * 4 + [0] * 4, [1] + [0] * 7])
    # Logistic: P(0) = tanh(1/4), so c(.5) - c(-.5) = .2449; P(1) = P(-1) = .1951; P(2) = .1061;
    # their sum is .7413.
    shares = np.array([0.1951, 0.2449, 0.1951, 0.1061]) / 0.7413
    np.testing.assert_allclose(table.frequency[0, :4], shares * 4096, atol=2)
    assert table.frequency[1, 0] == 4096


def test_a_table_without_a_valid_cue_can_still_code():
    table = build_table([[7], [-7]], valid=[False, False])
    assert np.asarray(table.frequency).sum() == 4096


def test_a_range_wider_than_the_alphabet_is_clipped_about_the_median():
    values = np.array([[-9], [-4], [0], [3], [4], [9]])
    table = build_table(values)
    assert table.lowest.tolist() == [-4]
    letters = tables.to_letters(table, cues_of(values))
    assert letters.ravel().tolist() == [0, 0, 4, 7, 7, 7]
    clipped = tables.to_cues(table.lowest, letters)
    assert clipped.ravel().tolist() == [-4, -4, 0, 3, 3, 3]


@given(st.lists(st.integers(-200, 200), min_size=4, max_size=4), st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_every_letter_that_a_cue_becomes_can_be_coded(values, number):
    valid = np.arange(4) < number
    values = np.reshape(values, (4, 1))
    table = build_table(values, valid)
    letters = np.asarray(tables.to_letters(table, cues_of(values))).ravel()
    assert (np.asarray(table.frequency)[0, letters[valid]] >= 1).all()


@given(
    st.integers(-128, 127 - ALPHABET),
    st.lists(st.integers(0, ALPHABET - 1), min_size=6, max_size=6),
)
@settings(max_examples=30, deadline=None)
def test_letters_and_cues_are_inverse_in_the_window(lowest, offsets):
    table = tables.FrequencyTable(
        jnp.ones((1, ALPHABET), jnp.uint16), jnp.full(1, lowest, jnp.int8)
    )
    cues = cues_of(np.reshape(offsets, (6, 1))) + lowest
    letters = tables.to_letters(table, cues)
    assert letters.ravel().tolist() == offsets
    np.testing.assert_array_equal(tables.to_cues(table.lowest, letters), cues)


def test_starts_are_the_cumulative_frequencies_before_each_letter():
    starts = tables.starts(jnp.asarray([[1000, 0, 3000, 96]], jnp.uint16))
    np.testing.assert_array_equal(starts, [[0, 1000, 1000, 4000]])


@pytest.mark.parametrize("lanes", [1, 2])
def test_strings_are_as_long_as_the_density_foretold(lanes, workbench):
    number, shape = 48, (8, 8, 8)
    rng = np.random.default_rng(0)
    params = jax.tree.map(
        lambda leaf: leaf + np.float32(0.3) * rng.standard_normal(leaf.shape).astype(np.float32),
        logistic_density(shape[-1]),
    )
    values = np.arange(-40, 41)
    grid = jnp.broadcast_to(jnp.asarray(values, jnp.float32)[:, None], (81, 8))
    probability = 2.0 ** -np.asarray(density.bits(params, grid), np.float64)
    columns = [rng.choice(values, (number, 8, 8), p=p / p.sum()) for p in probability.T]
    cues = jnp.asarray(np.stack(columns, -1), jnp.int32)

    table = build(params, cues, np.ones(number, bool), alphabet_size=64)
    form = workbench(lanes=lanes, num_classes=2, num_tasks=1, num_slots=1, num_words=999).form
    form = dataclasses.replace(form, latent_shape=shape, max_words=rans.worst_case_words(512))
    encode = jax.jit(lambda table, cues, label: store.encode_cues(table, cues, label, form))
    strings = encode(table, cues, jnp.zeros(number, jnp.int32))
    foretold = np.asarray(density.bits(params, cues.astype(jnp.float32)))
    foretold = foretold.reshape(number, lanes, -1).sum(-1) / 8
    coded = 2 * np.asarray(strings.lengths)
    assert (coded <= 1.02 * foretold + 4).all()
    assert (coded >= 0.98 * foretold).all()
