"""Pattern separation and completion: shapes, padding and what is recalled."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.config import CodecConfig
from braincl_jax.memory.codec import transforms

SMALL = CodecConfig(num_stages=2, latent_channels=3, width=4, analysis_width=5, shared="nothing")


def built(image_shape):
    made = transforms.build_codec(SMALL, image_shape)
    return made, jax.jit(made.init)(jax.random.key(0))


@pytest.mark.parametrize("stages", [2, 3])
def test_all_but_the_last_convolution_can_be_shared(stages):
    settings = dataclasses.replace(SMALL, num_stages=stages, shared="trunk")
    made = transforms.build_codec(settings, (8, 8, 1))
    synthesis = jax.eval_shape(made.init, jax.random.key(0))["synthesis"]
    assert set(synthesis) - set(made.trunk) == {"linear", "log_gain", f"Conv_{stages - 1}"}
    assert len(made.trunk) == stages - 1
    assert built((8, 8, 1))[0].trunk == ()


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
    latents = jax.random.normal(jax.random.key(6), (2, *made.latent_shape))
    with jax.disable_jit():
        plain = made.complete(params["synthesis"], latents)
    fast = jax.jit(made.complete)(params["synthesis"], latents)
    np.testing.assert_allclose(fast, plain, rtol=1e-4, atol=1e-5)
