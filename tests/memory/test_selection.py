"""Which candidates are kept: class-balanced at any number."""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from braincl_jax.memory import selection

NUMBER = 16
rank_within_class = jax.jit(selection.rank_within_class)
class_balanced_order = jax.jit(selection.class_balanced_order)
words_within_class = jax.jit(selection.words_within_class)
running_total = jax.jit(selection.running_total)


@given(st.lists(st.integers(0, 2**31 - 1), min_size=NUMBER, max_size=NUMBER))
@settings(max_examples=50, deadline=None)
def test_running_totals_are_those_of_whole_numbers_and_stop_at_what_int32_can_count(words):
    expected = np.minimum(np.cumsum(words, dtype=np.int64), 2**31 - 1)
    np.testing.assert_array_equal(running_total(jnp.asarray(words, jnp.int32)), expected)


def test_rank_within_class_by_hand():
    label = jnp.array([2, 0, 2, 2, 0, 7])
    priority = jnp.array([0.5, 0.9, 0.1, 0.7, 0.2, 0.3])
    # Class 2 in order of priority: positions 2, 0, 3; class 0: positions 4, 1; class 7: position 5.
    np.testing.assert_array_equal(rank_within_class(label, priority), [1, 1, 0, 2, 0, 0])


@given(
    st.lists(st.integers(-1, 4), min_size=NUMBER, max_size=NUMBER),
    st.lists(st.booleans(), min_size=NUMBER, max_size=NUMBER),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=50, deadline=None)
def test_every_prefix_holds_equally_many_of_each_class_as_far_as_there_are(labels, valids, seed):
    label, valid = np.array(labels), np.array(valids)
    order = np.asarray(class_balanced_order(jax.random.key(seed), label, valid))
    np.testing.assert_array_equal(np.sort(order), np.arange(NUMBER))
    number = valid.sum()
    assert valid[order[:number]].all()
    classes, available = np.unique(label[valid], return_counts=True)
    for end in range(1, number + 1):
        taken = (label[order[:end], None] == classes).sum(0)
        # A class may be behind the first only when none of it is left.
        assert ((taken >= taken.max() - 1) | (taken == available)).all()


def test_the_key_decides_who_goes_first():
    label, valid = jnp.zeros(NUMBER, jnp.int32), jnp.ones(NUMBER, bool)
    orders = [class_balanced_order(jax.random.key(seed), label, valid) for seed in (0, 0, 1)]
    np.testing.assert_array_equal(orders[0], orders[1])
    assert (orders[0] != orders[2]).any()


def test_words_within_a_class_of_equal_words_by_hand():
    label = jnp.array([2, 0, 2, 2, 0, 7])
    words = jnp.array([5, 3, 5, 5, 3, 4])
    valid = jnp.array([True, True, True, False, True, True])
    spent = np.asarray(words_within_class(jax.random.key(0), label, words, valid))
    # Two valid cues of class 2, two of class 0 and one of class 7, in any order.
    assert sorted(spent[[0, 2]].tolist()) == [5, 10]
    assert sorted(spent[[1, 4]].tolist()) == [3, 6]
    assert spent[5] == 4
    assert spent[3] in (0, 5, 10)


@given(
    st.lists(st.integers(-1, 4), min_size=NUMBER, max_size=NUMBER),
    st.lists(st.integers(1, 40), min_size=NUMBER, max_size=NUMBER),
    st.lists(st.booleans(), min_size=NUMBER, max_size=NUMBER),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=50, deadline=None)
def test_words_within_a_class_add_up_in_some_order(labels, lengths, valids, seed):
    label, words, valid = np.array(labels), np.array(lengths), np.array(valids)
    spent = np.asarray(words_within_class(jax.random.key(seed), label, words, valid))
    for one in np.unique(label[valid]):
        among = valid & (label == one)
        order = np.argsort(spent[among])
        np.testing.assert_array_equal(spent[among][order], np.cumsum(words[among][order]))


def test_the_key_decides_whose_words_count_first():
    label, words = jnp.zeros(NUMBER, jnp.int32), jnp.ones(NUMBER, jnp.int32)
    first, same, other = (
        words_within_class(jax.random.key(seed), label, words, words > 0) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, same)
    assert (first != other).any()


def test_jit_changes_nothing():
    key, label = jax.random.key(3), jnp.arange(NUMBER) % 3
    valid = jnp.arange(NUMBER) != 4
    with jax.disable_jit():
        plain = selection.class_balanced_order(key, label, valid)
    np.testing.assert_array_equal(class_balanced_order(key, label, valid), plain)
    with jax.disable_jit():
        plain = selection.words_within_class(key, label, label + 1, valid)
    np.testing.assert_array_equal(words_within_class(key, label, label + 1, valid), plain)
