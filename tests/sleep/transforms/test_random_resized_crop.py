"""Boxes are drawn, and resized, as torchvision does (oracles/transforms.npz, made by torchvision)."""

import functools
from pathlib import Path
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import ks_2samp

from braincl_jax.registry import AUGMENTATIONS
from braincl_jax.sleep.transforms.random_resized_crop import Box, draw_box, resized_crop

ORACLE = np.load(Path(__file__).parents[2] / "oracles" / "transforms.npz")
# torchvision rounds once after columns and once after rows.
MOST_DIFFERENCE = 1


def crop(image, box, *, mirrored=False) -> np.ndarray:
    return np.asarray(
        resized_crop(
            jnp.asarray(image), Box(*map(jnp.int32, box)), image.shape[:2], mirrored=mirrored
        )
    )


def drawn(height: int, width: int, number: int, **chances) -> np.ndarray:
    keys = jax.random.split(jax.random.key(0), number)
    draw = jax.jit(jax.vmap(lambda key: jnp.stack(draw_box(key, height, width, **chances))))
    return np.asarray(draw(keys))


def test_boxes_are_resized_as_by_torchvision_with_antialiasing():
    image, boxes = ORACLE["image"], jnp.asarray(ORACLE["boxes"], jnp.int32)

    def resize(box):
        return resized_crop(jnp.asarray(image), Box(*box), image.shape[:2], mirrored=False)

    difference = np.asarray(jax.vmap(resize)(boxes)).astype(int) - ORACLE["cropped"]
    assert np.abs(difference).max() <= MOST_DIFFERENCE
    assert (difference != 0).mean() < 0.001


@pytest.mark.parametrize("size", [(7, 7), (24, 5)])
def test_boxes_are_shrunk_as_by_pillow_with_antialiasing(size):
    pil = pytest.importorskip("PIL.Image")
    image, boxes = ORACLE["image"], ORACLE["boxes"]

    @jax.jit
    @jax.vmap
    def resize(box):
        shown = functools.partial(resized_crop, jnp.asarray(image), Box(*box), size)
        return shown(mirrored=False), shown(mirrored=True)

    made, mirrored = map(np.asarray, resize(jnp.asarray(boxes, jnp.int32)))
    np.testing.assert_array_equal(mirrored, made[:, :, ::-1])
    for one, (top, left, height, width) in zip(made, boxes, strict=True):
        part = pil.fromarray(image[top : top + height, left : left + width])
        expected = np.asarray(part.resize(size[::-1], pil.Resampling.BILINEAR))
        # Pillow rounds after each of two passes.
        assert np.abs(one.astype(int) - expected).max() <= MOST_DIFFERENCE


def test_what_is_made_has_the_side_that_is_asked_for():
    keys, images = jax.random.split(jax.random.key(2), 3), jnp.stack([ORACLE["image"]] * 3)
    made = AUGMENTATIONS.build("random_resized_crop(side=12)")(keys, images)
    assert (made.shape, made.dtype) == ((3, 12, 12, 3), jnp.uint8)
    whole = AUGMENTATIONS.build("random_resized_crop(side=8, smallest=1.0, widest=1.0, flip=False)")
    squares = images[:, :16]
    # Of 16 pixels to 8, weights are 1, 3, 3, 1 of 8.
    np.testing.assert_allclose(
        whole(keys, squares)[0, 3, 3],
        np.einsum("i,j,ijc->c", *2 * [np.array([1, 3, 3, 1]) / 8], squares[0, 5:9, 5:9]),
        atol=0.5,
    )


def test_the_whole_image_is_itself_or_its_mirror():
    image = ORACLE["image"]
    np.testing.assert_array_equal(crop(image, (0, 0, *image.shape[:2])), image)
    mirrored = crop(image, (0, 0, *image.shape[:2]), mirrored=True)
    np.testing.assert_array_equal(mirrored, image[:, ::-1])


def test_pixels_outside_the_box_leave_no_trace():
    image = np.full((8, 8, 1), 255, np.uint8)
    image[2:5, 3:6] = 7
    assert (crop(image, (2, 3, 3, 3)) == 7).all()


@pytest.mark.parametrize(
    ("name", "height", "width"), [("drawn_square", 64, 64), ("drawn_flat", 12, 60)]
)
def test_boxes_are_drawn_as_by_torchvision(name, height, width):
    ours = drawn(height, width, 1000, smallest=0.08, widest=4 / 3).T
    theirs = ORACLE[name].astype(int).T

    def facts(boxes):
        top, left, high, wide = boxes
        return (*boxes, high * wide, wide / high, top + high, left + wide)

    # Of 16 comparisons of 1,000 draws, with fixed keys.
    for one, other in zip(facts(ours), facts(theirs), strict=True):
        assert cast(Any, ks_2samp(one, other)).pvalue > 0.01


def test_boxes_lie_within_the_image_and_have_possible_areas_and_ratios():
    top, left, high, wide = drawn(40, 30, 2000, smallest=0.3, widest=2.0).T
    assert (top >= 0).all() and (left >= 0).all() and (high > 0).all() and (wide > 0).all()
    assert (top + high <= 40).all() and (left + wide <= 30).all()
    # Sides are rounded to whole pixels, of 13 or more.
    assert (high * wide / 1200).min() > 0.3 * (1 - 0.08) and (high * wide / 1200).max() > 0.95
    assert (wide / high).max() < 2 * 1.08 and (wide / high).min() > 0.5 / 1.08


def test_where_no_draw_can_fit_the_box_is_in_the_middle():
    # No ratio up to 4/3 has the whole area of 10 x 40.
    boxes = drawn(10, 40, 20, smallest=1.0, widest=4 / 3)
    np.testing.assert_array_equal(boxes, [[0, 13, 10, 13]] * 20)
    np.testing.assert_array_equal(
        drawn(40, 10, 20, smallest=1.0, widest=4 / 3), [[13, 0, 13, 10]] * 20
    )


def test_half_of_the_images_are_mirrored_and_none_without_flip():
    square = jnp.asarray(ORACLE["image"][:16, :16])
    keys, images = jax.random.split(jax.random.key(1), 200), jnp.stack([square] * 200)
    made = AUGMENTATIONS.build("random_resized_crop(smallest=1.0, widest=1.0)")(keys, images)
    straight = AUGMENTATIONS.build("random_resized_crop(smallest=1.0, widest=1.0, flip=False)")
    np.testing.assert_array_equal(straight(keys, images), images)
    same = (made == images).all((1, 2, 3))
    mirrored = (made == images[:, :, ::-1]).all((1, 2, 3))
    assert (same ^ mirrored).all()
    # Binomial(200, 1/2): standard deviation 7.
    assert 60 < int(mirrored.sum()) < 140


def test_an_example_depends_on_its_own_key_and_image_alone():
    keys = jax.random.split(jax.random.key(2), 6)
    images = jnp.stack([jnp.asarray(ORACLE["image"])] * 6)
    vary = AUGMENTATIONS.build("random_resized_crop")
    whole, part = vary(keys, images), vary(keys[2:4], images[2:4])
    assert whole.shape == images.shape and whole.dtype == jnp.uint8
    np.testing.assert_array_equal(whole[2:4], part)
    assert len({one.tobytes() for one in np.asarray(whole)}) == 6
