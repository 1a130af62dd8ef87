"""The head, and which logits are in play."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.networks import Network
from braincl_jax.networks.network import MASKED_LOGIT, middle


class Same(nn.Module):
    """A backbone whose features are the first row of pixels, 0..255 for -1..1."""

    @nn.compact
    def __call__(self, x, *, train: bool, axis_name: str | None = None):
        del train, axis_name
        return x[:, 0, :, 0] * 127.5 + 127.5


def predicted(pixels, seen) -> jax.Array:
    """Logits of a head that tells the pixels as they are, among the classes seen."""
    pixels = jnp.asarray(pixels, jnp.uint8)[:, None, :, None]
    head = {"kernel": jnp.eye(3), "bias": jnp.zeros(3)}
    network = Network(Same(), nn.Dense(3))
    logits, _ = network.predict({"backbone": {}, "head": head}, {}, jnp.array(seen), pixels)
    return logits


def test_logits_of_unseen_classes_are_out_of_play():
    masked = predicted([[1, 5, 2], [4, 9, 0]], [True, False, True])
    np.testing.assert_allclose(masked, [[1, MASKED_LOGIT, 2], [4, MASKED_LOGIT, 0]], atol=1e-4)
    assert masked.argmax(-1).tolist() == [2, 0]
    # exp(1) / (exp(1) + exp(2)) = 1 / (1 + e): the middle class takes no share.
    np.testing.assert_allclose(jax.nn.softmax(masked)[0, 0], 1 / (1 + np.e), rtol=1e-4)


def test_no_gradient_flows_to_unseen_classes():
    network, image = Network(Same(), nn.Dense(3)), jnp.ones((1, 1, 3, 1), jnp.uint8)

    def loss(bias):
        params = {"backbone": {}, "head": {"kernel": jnp.eye(3), "bias": bias}}
        logits, _ = network.predict(params, {}, jnp.array([True, False, True]), image)
        return jax.nn.logsumexp(logits)

    np.testing.assert_allclose(jax.grad(loss)(jnp.ones(3)), [0.5, 0, 0.5], rtol=1e-4)


def test_a_network_with_a_side_sees_the_middle_of_images_alone():
    rng = np.random.default_rng(0)
    images = jnp.asarray(rng.integers(0, 256, (2, 9, 7, 1), np.uint8))
    network, params = Network(Same(), nn.Dense(3), side=3), {"backbone": {}}
    features, _ = network.features(params, {}, images)
    # The first of rows 3..5, columns 2..4.
    np.testing.assert_allclose(features, images[:, 3, 2:5, 0], atol=1e-4)
    np.testing.assert_array_equal(network.features(params, {}, images[:, 3:6, 2:5])[0], features)
    with pytest.raises(ValueError, match="images of 2x7 are too small: the network sees 3x3"):
        network.features(params, {}, images[:, :2])


@pytest.mark.parametrize(("size", "places"), [((300, 256), (22, 0)), ((256, 385), (0, 64))])
def test_a_middle_of_a_middle_is_what_would_have_been_cut_out_at_once(size, places):
    # `data.resize` cuts 256 pixels out at `places`; 224 lie 16 further in.
    image = jnp.zeros((1, *size, 1)).at[0, 16 + places[0], 16 + places[1]].set(1)
    at_once = middle(image, 224)
    assert at_once.shape == (1, 224, 224, 1) and at_once[0, 0, 0, 0] == 1
    np.testing.assert_array_equal(middle(middle(image, 256), 224), at_once)
