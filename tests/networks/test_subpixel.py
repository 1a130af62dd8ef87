"""Resolution to channels and back, and what a convolution between them is."""

import jax
import jax.numpy as jnp
import numpy as np

from braincl_jax.networks.subpixel import depth_to_space, space_to_depth


def random_array(seed, *shape):
    return jax.random.normal(jax.random.key(seed), shape)


def test_space_to_depth_by_hand():
    image = jnp.arange(8.0).reshape(1, 2, 4, 1)
    # Rows 0 1 2 3 and 4 5 6 7: the left block is 0 1 / 4 5, the right one 2 3 / 6 7.
    np.testing.assert_array_equal(space_to_depth(image), [[[[0, 1, 4, 5], [2, 3, 6, 7]]]])


def test_space_to_depth_and_depth_to_space_are_inverse():
    image, latent = random_array(0, 2, 4, 6, 3), random_array(1, 2, 2, 3, 12)
    np.testing.assert_array_equal(depth_to_space(space_to_depth(image)), image)
    np.testing.assert_array_equal(space_to_depth(depth_to_space(latent)), latent)


def convolve(x, kernel):
    return jax.lax.conv_general_dilated(
        x, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


def test_a_stage_down_is_a_strided_convolution():
    image, kernel = random_array(2, 2, 6, 8, 3), random_array(3, 3, 3, 12, 5)
    # Tap (u, v) sees pixel (a, b) of a block: row 2 u + a, column 2 v + b of one 6x6 kernel.
    large = kernel.reshape(3, 3, 2, 2, 3, 5).transpose(0, 2, 1, 3, 4, 5).reshape(6, 6, 3, 5)
    expected = jax.lax.conv_general_dilated(
        image, large, (2, 2), ((2, 2), (2, 2)), dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    actual = convolve(space_to_depth(image), kernel)
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-4)


def test_a_stage_up_is_a_transposed_convolution():
    latent, kernel = random_array(4, 2, 3, 4, 5), random_array(5, 3, 3, 5, 8)
    # Output pixel (a, b) of a block and tap (u, v) meet at row 2 u + 1 - a, column 2 v + 1 - b.
    phases = kernel.reshape(3, 3, 5, 2, 2, 2)[:, :, :, ::-1, ::-1]
    large = phases.transpose(0, 3, 1, 4, 2, 5).reshape(6, 6, 5, 2)
    expected = jax.lax.conv_transpose(latent, large, (2, 2), ((3, 3), (3, 3)))
    actual = depth_to_space(convolve(latent, kernel))
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-4)
