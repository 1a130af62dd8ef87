"""What a codec is trained to keep."""

import jax
import jax.numpy as jnp
import numpy as np

from braincl_jax.registry import RECALL_ERRORS

IMAGES = jnp.array([[0.0, 1.0], [0.5, 0.25]]).reshape(2, 1, 2, 1)
RECALLED = jnp.array([[0.5, 0.5], [0.5, 1.0]]).reshape(2, 1, 2, 1)


def test_the_squared_error_of_each_image_by_hand():
    error = RECALL_ERRORS.build("squared_error")(IMAGES, RECALLED)
    # (.25 + .25) / 2, and (0 + .5625) / 2: of each image for itself.
    np.testing.assert_allclose(error, [0.25, 0.28125])


def test_it_pulls_every_pixel_towards_the_image():
    squared = RECALL_ERRORS.build("squared_error")
    pull = jax.grad(lambda recalled: squared(IMAGES, recalled).sum())(RECALLED)
    # 2 (recalled - image) / 2 pixels.
    np.testing.assert_allclose(pull, RECALLED - IMAGES)
