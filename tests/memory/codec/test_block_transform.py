"""The block cosine transform against SciPy, and what an untrained codec makes of an image."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.fft

from braincl_jax.config import CodecConfig
from braincl_jax.memory.codec import block_transform, transforms


@pytest.mark.parametrize("size", [1, 2, 4, 8, 16])
def test_the_cosine_basis_is_that_of_scipy(size):
    expected: Any = scipy.fft.dct(np.eye(size), axis=0, norm="ortho")
    np.testing.assert_allclose(block_transform.cosine_basis(size), expected, atol=1e-12)


@pytest.mark.parametrize(("block", "channels"), [(2, 1), (4, 1), (4, 3), (2, 4)])
def test_all_patterns_together_are_an_orthonormal_basis(block, channels):
    number = block * block * channels
    basis = block_transform.block_basis(block, channels, number)
    np.testing.assert_allclose(basis @ basis.T, np.eye(number), atol=1e-6)


def test_the_first_patterns_are_the_means_and_brightness_comes_first():
    basis = block_transform.block_basis(4, 3, 48)
    np.testing.assert_allclose(basis[0], np.full(48, 1 / np.sqrt(48)), rtol=1e-6)
    # The sum over colours is brightness: 16 patterns have it, and 8 of the first 12.
    bright = np.abs(basis.reshape(48, 16, 3).sum(-1)).max(-1) > 1e-6
    assert bright.sum() == 16
    assert bright[:12].sum() > bright[12:24].sum()


def test_rows_beyond_the_patterns_there_are_remain_zero():
    basis = block_transform.block_basis(2, 1, 6)
    assert not basis[4:].any()
    assert np.abs(basis[:4]).sum(-1).all()


def test_an_untrained_codec_recalls_smooth_images_to_the_rounding_of_its_latents():
    config = CodecConfig(num_stages=2, latent_channels=12, width=4, analysis_width=4)
    made = transforms.build_codec(config, (16, 16, 3))
    params = made.init(jax.random.key(0))
    ramp = np.linspace(20, 235, 16)
    image = np.broadcast_to((ramp[:, None] + ramp[None]) / 2, (1, 3, 16, 16))
    image = jnp.asarray(image.transpose(0, 2, 3, 1), jnp.uint8)
    latents = made.separate(params["analysis"], image)
    exact = made.recall(params["synthesis"], latents).astype(int) - image.astype(int)
    rounded = made.recall(params["synthesis"], jnp.round(latents)).astype(int) - image.astype(int)
    # Dropped patterns leave less than 2 levels; a step of 1/6 errs by up to 1/12 in each of a few patterns,
    # each of which weighs at most 1/4 in a pixel of one colour: 255 / 12 / 4 is 5 levels.
    assert np.abs(exact).max() <= 3
    assert 0 < np.abs(rounded).mean() < 5
