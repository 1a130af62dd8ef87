"""Tables of grey levels, by hand, and equalisation by Pillow."""

import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image, ImageOps

from braincl_jax.sleep.transforms import levels

IMAGE = jnp.array([[[10, 7], [20, 7]], [[20, 7], [60, 7]]], jnp.uint8)


def test_looking_up_replaces_each_channel_by_its_own_table():
    same = levels.unchanged(2)
    np.testing.assert_array_equal(levels.look_up(IMAGE, same), IMAGE)
    table = same.at[20, 0].set(99).at[7, 1].set(8)
    made = np.asarray(levels.look_up(IMAGE, table))
    assert made.tolist() == [[[10, 8], [99, 8]], [[99, 8], [60, 8]]]


def test_upper_bits_and_negatives():
    table = levels.unchanged(1)
    assert levels.posterise(table, jnp.int32(2))[jnp.array([0, 63, 64, 255]), 0].tolist() == [
        *(0, 0, 64, 192)
    ]
    assert (levels.posterise(table, jnp.int32(8)) == table).all()
    assert levels.solarise(table, jnp.float32(100))[jnp.array([99, 100, 255]), 0].tolist() == [
        *(99, 155, 0)
    ]


def test_levels_are_counted_by_channel():
    counts = np.asarray(levels.count(IMAGE))
    assert counts.shape == (256, 2) and counts.sum() == 8
    assert counts[[10, 20, 60], 0].tolist() == [1, 2, 1] and counts[7, 1] == 4


def test_stretching_uses_all_levels_and_leaves_a_channel_of_one_level():
    table = np.asarray(levels.stretch(levels.count(IMAGE)))
    assert table[[10, 20, 60], 0].tolist() == [0, 51, 255]
    assert table[7, 1] == 7


@pytest.mark.parametrize(("side", "most"), [(40, 256), (40, 90), (40, 2), (3, 256), (40, 1)])
def test_equalising_is_what_pillow_does(side, most):
    pixels = np.random.default_rng(0).integers(0, most, (side, side, 3), np.uint8)
    made = levels.look_up(jnp.asarray(pixels), levels.equalise(levels.count(jnp.asarray(pixels))))
    expected = np.asarray(ImageOps.equalize(Image.fromarray(pixels)))
    np.testing.assert_array_equal(made, expected)
