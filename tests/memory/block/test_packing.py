"""Arrays as words: the bytes that NumPy would write, and all of them back."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from braincl_jax.memory.block import packing

DTYPES = (np.int8, np.uint8, np.uint16, np.float16, np.int32, np.uint32, np.float32)
SHAPES = ((), (1,), (5,), (2, 3), (3, 1, 7))

pack = jax.jit(packing.pack)


def unpack(words, tree):
    shapes = jax.eval_shape(lambda: jax.tree.map(jnp.asarray, tree))
    return jax.jit(lambda words: packing.unpack(words, shapes))(words)


def random_tree(seed):
    """Leaves of any bits whatever, NaN among them, in dicts and tuples of random dtypes and shapes."""
    rng = np.random.default_rng(seed)

    def leaf():
        dtype, shape = np.dtype(DTYPES[rng.integers(7)]), SHAPES[rng.integers(5)]
        octets = rng.bytes(int(np.prod(shape)) * dtype.itemsize)
        return np.frombuffer(octets, dtype).reshape(shape)

    return {"b": (leaf(), leaf()), "a": leaf(), "c": {"d": leaf()}}


def octets_of(tree):
    """The leaves' bytes end to end, low byte first, and a zero where their number is odd."""
    little = [
        np.asarray(leaf).astype(leaf.dtype.newbyteorder("<")) for leaf in jax.tree.leaves(tree)
    ]
    octets = b"".join(leaf.tobytes() for leaf in little)
    return octets + bytes(len(octets) % 2)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_words_are_the_bytes_that_numpy_writes_low_byte_first(seed):
    tree = random_tree(seed)
    words = np.asarray(pack(tree))
    assert words.dtype == np.uint16
    np.testing.assert_array_equal(words, np.frombuffer(octets_of(tree), "<u2"))


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_what_is_unpacked_has_the_bits_shapes_and_dtypes_of_what_was_packed(seed):
    tree = random_tree(seed)
    back = unpack(pack(tree), tree)
    assert jax.tree.structure(back) == jax.tree.structure(tree)
    for old, new in zip(jax.tree.leaves(tree), jax.tree.leaves(back), strict=True):
        assert (new.dtype, new.shape) == (old.dtype, old.shape)
        assert np.asarray(new).tobytes() == old.tobytes()


def test_words_by_hand():
    tree = (np.array([1, -1, 2], np.int8), np.float16(1), np.uint32(0x89ABCDEF))
    # Bytes 01 FF 02, 00 3C, EF CD AB 89 and one of padding, in pairs with the low byte first.
    assert pack(tree).tolist() == [0xFF01, 0x0002, 0xEF3C, 0xABCD, 0x0089]


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        ([np.zeros(4, np.int8)], 2),
        ([np.zeros(5, np.int8)], 3),
        # 3 + 3 bytes share a word: 6 bytes, not 4 + 4.
        ([np.zeros(3, np.int8), np.zeros((1, 3), np.uint8)], 3),
        # 2 + 4 + 1 bytes
        ([np.float16(0), np.int32(0), np.int8(0)], 4),
        ([np.zeros((3, 16), np.uint16), np.zeros(3, np.int8)], 50),
    ],
)
def test_as_many_words_as_two_bytes_each_need(tree, words):
    assert packing.num_words(tree) == len(pack(tree)) == words
    assert packing.num_words(jax.eval_shape(lambda: jax.tree.map(jnp.asarray, tree))) == words
