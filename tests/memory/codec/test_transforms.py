"""Pattern separation and completion: shapes, sub-pixel form and what is recalled."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.config import CodecConfig
from braincl_jax.memory.codec import transforms

SMALL = CodecConfig(num_stages=2, latent_channels=3, width=4, analysis_width=5)


def built(image_shape):
    made = transforms.build_codec(SMALL, image_shape)
    return made, jax.jit(made.init)(jax.random.key(0))


def random_array(seed, *shape):
    return jax.random.normal(jax.random.key(seed), shape)


@pytest.mark.parametrize("stages", [2, 3])
def test_all_but_the_last_convolution_can_be_shared(stages):
    settings = dataclasses.replace(SMALL, num_stages=stages, shared_trunk=True)
    made = transforms.build_codec(settings, (8, 8, 1))
    synthesis = jax.eval_shape(made.init, jax.random.key(0))["synthesis"]
    assert set(synthesis) - set(made.trunk) == {"linear", "log_gain", f"Conv_{stages - 1}"}
    assert len(made.trunk) == stages - 1
    assert built((8, 8, 1))[0].trunk == ()


def test_space_to_depth_by_hand():
    image = jnp.arange(8.0).reshape(1, 2, 4, 1)
    # Rows 0 1 2 3 and 4 5 6 7: the left block is 0 1 / 4 5, the right one 2 3 / 6 7.
    np.testing.assert_array_equal(
        transforms.space_to_depth(image), [[[[0, 1, 4, 5], [2, 3, 6, 7]]]]
    )


def test_space_to_depth_and_depth_to_space_are_inverse():
    image, latent = random_array(0, 2, 4, 6, 3), random_array(1, 2, 2, 3, 12)
    np.testing.assert_array_equal(
        transforms.depth_to_space(transforms.space_to_depth(image)), image
    )
    np.testing.assert_array_equal(
        transforms.space_to_depth(transforms.depth_to_space(latent)), latent
    )


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
    actual = convolve(transforms.space_to_depth(image), kernel)
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-4)


def test_a_stage_up_is_a_transposed_convolution():
    latent, kernel = random_array(4, 2, 3, 4, 5), random_array(5, 3, 3, 5, 8)
    # Output pixel (a, b) of a block and tap (u, v) meet at row 2 u + 1 - a, column 2 v + 1 - b.
    phases = kernel.reshape(3, 3, 5, 2, 2, 2)[:, :, :, ::-1, ::-1]
    large = phases.transpose(0, 3, 1, 4, 2, 5).reshape(6, 6, 5, 2)
    expected = jax.lax.conv_transpose(latent, large, (2, 2), ((3, 3), (3, 3)))
    actual = transforms.depth_to_space(convolve(latent, kernel))
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("image_shape", "latent_shape"),
    [((5, 7, 3), (2, 2, 3)), ((8, 8, 1), (2, 2, 3)), ((28, 30, 1), (7, 8, 3))],
)
def test_sizes_that_stages_do_not_divide_come_back_whole(image_shape, latent_shape):
    made = transforms.build_codec(SMALL, image_shape)
    assert made.latent_shape == latent_shape
    params = jax.eval_shape(made.init, jax.random.key(0))
    images = jax.ShapeDtypeStruct((2, *image_shape), jnp.uint8)
    latents = jax.eval_shape(made.separate, params["analysis"], images)
    assert (latents.shape, latents.dtype) == ((2, *latent_shape), jnp.float32)
    recalled = jax.eval_shape(made.recall, params["synthesis"], latents)
    assert (recalled.shape, recalled.dtype) == (images.shape, jnp.uint8)


def test_padding_repeats_the_edge():
    made, params = built((5, 7, 3))
    image = jax.random.randint(jax.random.key(1), (1, 5, 7, 3), 0, 256).astype(jnp.uint8)
    padded = np.pad(image, ((0, 0), (0, 3), (0, 1), (0, 0)), mode="edge")
    np.testing.assert_allclose(
        made.separate(params["analysis"], image),
        made.separate(params["analysis"], jnp.asarray(padded)),
        rtol=1e-5,
        atol=1e-5,
    )


@pytest.mark.parametrize(
    ("bias", "level"),
    # .5 + 0 = .5 * 255 = 127.5 -> 128 (even); .5 + .1 = .6 * 255 = 153; 10.5 and -9.5 are clipped.
    [(0.0, 128), (0.1, 153), (10.0, 255), (-10.0, 0)],
)
def test_recall_rounds_and_clips_to_bytes(bias, level):
    made, params = built((4, 4, 1))
    zeros = jax.tree.map(jnp.zeros_like, params["synthesis"])
    last = max(name for name in zeros if name.startswith("Conv"))
    zeros[last] = {**zeros[last], "bias": jnp.full_like(zeros[last]["bias"], bias)}
    recalled = made.recall(zeros, jnp.ones((1, *made.latent_shape)))
    np.testing.assert_array_equal(recalled, np.full((1, 4, 4, 1), level))


def test_jit_changes_nothing():
    made, params = built((8, 8, 1))
    latents = random_array(6, 2, *made.latent_shape)
    with jax.disable_jit():
        plain = made.complete(params["synthesis"], latents)
    fast = jax.jit(made.complete)(params["synthesis"], latents)
    np.testing.assert_allclose(fast, plain, rtol=1e-4, atol=1e-5)
