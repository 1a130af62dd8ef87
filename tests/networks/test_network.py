"""The head, and which logits are in play."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from braincl_jax.networks import Network
from braincl_jax.networks.network import MASKED_LOGIT


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
