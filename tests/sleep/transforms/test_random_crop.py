"""Random parts of images, as they are."""

from collections import Counter

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.registry import AUGMENTATIONS


def places(images: np.ndarray, width: int) -> list[tuple[int, int]]:
    """Where the parts begin, of images whose pixels are numbered row by row."""
    return [divmod(int(image[0, 0, 0]), width) for image in images]


def test_every_part_is_equally_likely_and_is_shown_as_it_is():
    image = np.arange(4 * 5, dtype=np.uint8).reshape(4, 5, 1)
    keys, images = jax.random.split(jax.random.key(0), 1200), jnp.stack([jnp.asarray(image)] * 1200)
    made = np.asarray(AUGMENTATIONS.build("random_crop(side=3)")(keys, images))
    found = Counter(places(made, 5))
    # Binomial(1200, 1/6): standard deviation 13.
    assert set(found) == {(top, left) for top in range(2) for left in range(3)}
    assert all(150 < count < 250 for count in found.values())
    for part, (top, left) in zip(made, places(made, 5), strict=True):
        np.testing.assert_array_equal(part, image[top : top + 3, left : left + 3])


def test_an_example_depends_on_its_own_key_and_image_alone():
    images = jnp.asarray(np.random.default_rng(0).integers(0, 256, (6, 9, 9, 3), np.uint8))
    keys, vary = jax.random.split(jax.random.key(2), 6), AUGMENTATIONS.build("random_crop(side=5)")
    np.testing.assert_array_equal(vary(keys, images)[2:4], vary(keys[2:4], images[2:4]))


def test_without_a_side_images_are_whole_and_beyond_theirs_it_is_refused():
    keys, images = jax.random.split(jax.random.key(0), 1), jnp.zeros((1, 4, 6, 1), jnp.uint8)
    assert AUGMENTATIONS.build("random_crop")(keys, images) is images
    with pytest.raises(ValueError, match=r"side=5 is impossible for images of 4x6: .* at most 4"):
        AUGMENTATIONS.build("random_crop(side=5)")(keys, images)
