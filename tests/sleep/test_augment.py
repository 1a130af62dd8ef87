"""Crops and flips: where pixels go, what an example depends on."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.sleep.augment import add_noise, crop_and_flip


def keys_and_images(count: int, shape=(3, 4, 1)):
    keys = jax.random.split(jax.random.key(7), count)
    images = np.random.default_rng(0).integers(1, 256, (count, *shape), dtype=np.uint8)
    return keys, jnp.asarray(images)


def windows(image: np.ndarray, padding: int) -> dict[tuple[int, int], np.ndarray]:
    """Every crop of the zero-padded image, by its offset."""
    height, width, _ = image.shape
    padded = np.pad(image, ((padding, padding), (padding, padding), (0, 0)))
    offsets = range(2 * padding + 1)
    return {
        (top, left): padded[top : top + height, left : left + width]
        for top in offsets
        for left in offsets
    }


def test_nothing_to_do_returns_the_images_themselves():
    keys, images = keys_and_images(2)
    assert crop_and_flip(keys, images, padding=0, flip=False) is images


def test_without_padding_each_image_is_itself_or_its_mirror_about_equally_often():
    keys, images = keys_and_images(400)
    out = crop_and_flip(keys, images, padding=0, flip=True)
    same = (out == images).all(axis=(1, 2, 3))
    mirrored = (out == images[:, :, ::-1]).all(axis=(1, 2, 3))
    assert (same ^ mirrored).all()
    # Binomial(400, 1/2) has standard deviation 10: five of them on either side.
    assert 150 < int(mirrored.sum()) < 250


def test_without_flip_every_offset_of_the_zero_padded_image_occurs_and_nothing_else():
    keys, images = keys_and_images(1)
    many = jax.random.split(keys[0], 900)
    out = np.asarray(crop_and_flip(many, jnp.repeat(images, 900, axis=0), padding=1, flip=False))
    expected = windows(np.asarray(images[0]), padding=1)
    counts = [sum(np.array_equal(o, w) for o in out) for w in expected.values()]
    assert sum(counts) == 900
    # Each of the 9 offsets: Binomial(900, 1/9), mean 100, standard deviation 9.4.
    assert min(counts) > 50 and max(counts) < 150


def test_a_flip_mirrors_the_crop_and_moves_the_channels_of_a_pixel_together():
    keys, images = keys_and_images(50, shape=(4, 4, 3))
    out = np.asarray(crop_and_flip(keys, images, padding=2, flip=True))
    flipped = 0
    for image, result in zip(np.asarray(images), out, strict=True):
        crops = windows(image, padding=2).values()
        straight = any(np.array_equal(result, crop) for crop in crops)
        mirrored = any(np.array_equal(result, crop[:, ::-1]) for crop in crops)
        assert straight or mirrored
        flipped += mirrored and not straight
    assert 10 < flipped < 40


def test_an_example_does_not_depend_on_its_batch():
    keys, images = keys_and_images(8)
    whole = crop_and_flip(keys, images, padding=2, flip=True)
    order = jnp.array([5, 0, 3])
    part = crop_and_flip(keys[order], images[order], padding=2, flip=True)
    np.testing.assert_array_equal(part, whole[order])


def test_jit_gives_the_same_bytes_and_keeps_shape_and_dtype():
    keys, images = keys_and_images(8, shape=(5, 6, 3))
    plain = crop_and_flip(keys, images, padding=2, flip=True)
    jitted = jax.jit(crop_and_flip, static_argnames=("padding", "flip"))
    out = jitted(keys, images, padding=2, flip=True)
    assert out.shape == images.shape and out.dtype == jnp.uint8
    np.testing.assert_array_equal(out, plain)


@pytest.mark.parametrize("padding", [-1, 3, 1000])
def test_padding_that_is_negative_or_as_large_as_the_image_is_refused(padding):
    keys, images = keys_and_images(2)
    with pytest.raises(
        ValueError, match=rf"crop_padding={padding} is .* 3x4x1: .* between 0 and 2"
    ):
        crop_and_flip(keys, images, padding=padding, flip=True)


def test_images_other_than_uint8_batches_are_refused():
    keys, images = keys_and_images(2)
    with pytest.raises(ValueError, match=r"images are float32\(2, 3, 4, 1\); need uint8"):
        crop_and_flip(keys, images.astype(jnp.float32), padding=1, flip=True)
    with pytest.raises(ValueError, match=r"images are uint8\(3, 4, 1\); need uint8 \[B, H, W, C\]"):
        crop_and_flip(keys, images[0], padding=1, flip=True)


def test_keys_must_be_typed_and_one_an_image():
    keys, images = keys_and_images(2)
    with pytest.raises(ValueError, match="need one typed key an image"):
        crop_and_flip(jax.random.key_data(keys), images, padding=1, flip=True)
    with pytest.raises(ValueError, match=r"\(1,\); need one typed key an image, \(2,\)"):
        crop_and_flip(keys[:1], images, padding=1, flip=True)


def test_noise_has_the_strength_that_is_asked_for_and_no_bias():
    keys = jax.random.split(jax.random.key(0), 400)
    grey = jnp.full((400, 16, 16, 1), 128, jnp.uint8)
    error = np.asarray(add_noise(keys, grey, largest=20)).astype(float) - 128
    # Strengths are uniform in 0..20: their mean is 10, and 400 of them have a standard error of 0.29.
    assert abs(error.std((1, 2, 3)).mean() - 10) < 1.2
    # A sum over 102,400 pixels of root mean square 20 / sqrt(3): the standard error is 0.036.
    assert abs(error.mean()) < 0.2


def test_noise_stays_within_black_and_white():
    keys, _ = keys_and_images(20)
    black = jnp.zeros((20, 8, 8, 1), jnp.uint8)
    noisy = np.asarray(add_noise(keys, black, largest=50))
    # Had negative values wrapped around, half of all pixels would be near 255.
    assert noisy.max() < 255
    assert (noisy == 0).mean() > 0.4


def test_noise_of_an_example_does_not_depend_on_its_batch():
    keys, images = keys_and_images(8)
    whole = add_noise(keys, images, largest=30)
    np.testing.assert_array_equal(add_noise(keys[2:4], images[2:4], largest=30), whole[2:4])


def test_no_noise_leaves_images_as_they_are():
    keys, images = keys_and_images(2)
    assert add_noise(keys, images, largest=0) is images
