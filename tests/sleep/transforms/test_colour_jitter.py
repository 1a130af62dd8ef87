"""Adjustments in any order are those of torchvision (oracles/transforms.npz); amounts and orders are equally likely."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.registry import AUGMENTATIONS
from braincl_jax.sleep.transforms.colour_jitter import ADJUSTMENTS, adjusted

ORACLE = np.load(Path(__file__).parents[2] / "oracles" / "transforms.npz")
# One level where a sum is rounded to just below a whole number, which later adjustments may double.
MOST_DIFFERENCE = 2


def test_adjustments_in_all_orders_are_those_of_torchvision():
    image, names = jnp.asarray(ORACLE["image"]), tuple(ADJUSTMENTS)
    adjust = jax.jit(jax.vmap(lambda order, amounts: adjusted(image, names, order, amounts)))
    made = adjust(jnp.asarray(ORACLE["jitter_orders"]), jnp.asarray(ORACLE["jitter_factors"]))
    difference = np.asarray(made).astype(int) - ORACLE["jittered"]
    assert np.abs(difference).max() <= MOST_DIFFERENCE
    assert (difference != 0).mean() < 0.03


def levels_of_one_grey(text: str, level: int, count: int) -> np.ndarray:
    images = jnp.full((count, 2, 2, 3), level, jnp.uint8)
    made = AUGMENTATIONS.build(text)(jax.random.split(jax.random.key(0), count), images)
    return np.asarray(made)[:, 0, 0, 0].astype(int)


def test_factors_of_brightness_are_uniform_about_1():
    levels = levels_of_one_grey("colour_jitter(brightness=0.5)", 100, 1000)
    assert levels.min() in (50, 51) and levels.max() in (148, 149)
    # A uniform distribution over 50..150: mean 100 less half a level, standard deviation 28.9, its mean's 0.9.
    assert abs(levels.mean() - 99.5) < 4 and abs(levels.std() - 28.9) < 2


def test_factors_are_not_below_0():
    # Between 0 and 3: a third of all images is no brighter than it was.
    levels = levels_of_one_grey("colour_jitter(brightness=2.0)", 60, 1000)
    assert abs((levels < 60).mean() - 1 / 3) < 0.06 and levels.max() > 175


def test_each_adjustment_comes_first_now_and_then():
    black_and_white = jnp.array([[[0, 0, 0], [255, 255, 255]]], jnp.uint8)
    images = jnp.broadcast_to(black_and_white, (400, 1, 2, 3))
    vary = AUGMENTATIONS.build("colour_jitter(brightness=1.0, contrast=1.0)")
    made = np.asarray(vary(jax.random.split(jax.random.key(0), 400), images)).astype(int)
    dark, total = made[:, 0, 0, 0], made[:, 0, :, 0].sum(1)
    # Both pixels are bright where contrast is lowered. Then a factor of brightness above 1 counts if it comes second,
    # and otherwise is cut off at white. Of each kind: Binomial(400, about 1/8), standard deviation 6.6.
    grey = dark > 5
    assert (grey & (total > 260)).sum() > 20
    assert (grey & (total >= 253) & (total <= 255)).sum() > 20


def test_nothing_to_adjust_leaves_images_as_they_are():
    keys, images = jax.random.split(jax.random.key(0), 2), jnp.zeros((2, 3, 3, 3), jnp.uint8)
    assert AUGMENTATIONS.build("colour_jitter(brightness=0.0)")(keys, images) is images


@pytest.mark.parametrize("channels", [1, 3])
def test_an_example_depends_on_its_own_key_and_image_alone(channels):
    keys = jax.random.split(jax.random.key(2), 6)
    images = jnp.stack([jnp.asarray(ORACLE["image"][..., :channels])] * 6)
    vary = AUGMENTATIONS.build(
        "colour_jitter(brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1)"
    )
    whole, part = vary(keys, images), vary(keys[2:4], images[2:4])
    assert whole.shape == images.shape and whole.dtype == jnp.uint8
    np.testing.assert_array_equal(whole[2:4], part)
    assert len({one.tobytes() for one in np.asarray(whole)}) == 6


def test_hue_is_at_most_half_a_turn():
    with pytest.raises(ValueError, match=r"hue=0\.6 is impossible.* between 0 and 0\.5"):
        AUGMENTATIONS.build("colour_jitter(hue=0.6)")
