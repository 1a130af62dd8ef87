"""Colours changed by hand-computed amounts; the whole against torchvision is in test_colour_jitter.py."""

import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.sleep.transforms import colour

RED_AND_GREY = jnp.array([[[200, 0, 0], [100, 100, 100]]], jnp.uint8)


def levels(image) -> list:
    return np.asarray(image).tolist()


def test_brightness_multiplies_cuts_off_and_saturates():
    assert levels(colour.brighten(RED_AND_GREY, 1.5)) == [[[255, 0, 0], [150, 150, 150]]]
    # 0.333 * 200 = 66.6 and 33.3, cut to whole levels.
    assert levels(colour.brighten(RED_AND_GREY, 0.333)) == [[[66, 0, 0], [33, 33, 33]]]


def test_saturation_blends_with_grey():
    # 0.2989 * 200 = 59.78: grey 59. Halfway to (200, 0, 0): (129.5, 29.5, 29.5).
    assert levels(colour.saturate(RED_AND_GREY, 0.5))[0][0] == [129, 29, 29]
    assert levels(colour.saturate(RED_AND_GREY, 0.0))[0][0] == [59, 59, 59]


def test_contrast_blends_with_the_mean_of_grey():
    two = jnp.array([[[10], [30]]], jnp.uint8)
    assert levels(colour.contrast(two, 2.0)) == [[[0], [40]]]
    assert levels(colour.contrast(two, 0.0)) == [[[20], [20]]]


def test_smoothing_weighs_the_middle_five_times_and_leaves_edges():
    image = jnp.zeros((3, 4, 1), jnp.uint8).at[1, 1].set(130).at[0, 0].set(26)
    # (5 * 130 + 26) / 13 = 52, and 130 / 13 = 10 beside it.
    expected = np.zeros((3, 4, 1), int)
    expected[1, 1], expected[1, 2], expected[0, 0] = 52, 10, 26
    assert levels(colour.smooth(image)) == expected.tolist()


@pytest.mark.parametrize("shape", [(1, 5, 3), (2, 2, 1)])
def test_what_has_no_inside_is_not_smoothed(shape):
    image = jnp.full(shape, 9, jnp.uint8).at[0, 0].set(200)
    assert levels(colour.smooth(image)) == levels(image)


def test_a_third_of_a_turn_makes_red_green_and_leaves_grey():
    assert levels(colour.turn_hue(RED_AND_GREY, 1 / 3)) == [[[0, 200, 0], [100, 100, 100]]]


def test_one_channel_has_neither_hue_nor_saturation():
    grey = jnp.array([[[10], [30]]], jnp.uint8)
    assert colour.turn_hue(grey, 0.3) is grey
    assert levels(colour.saturate(grey, 0.3)) == levels(grey)


def test_other_channels_are_refused():
    with pytest.raises(ValueError, match=r"images have 4 channels.* 1 or 3"):
        colour.grey(jnp.zeros((2, 2, 4), jnp.uint8))
