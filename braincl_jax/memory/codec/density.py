"""The factorised density of cues: one trained, monotone cumulative function per latent channel.

Balle, Minnen, Singh, Hwang, Johnston (2018), "Variational image compression with a scale hyperprior",
appendix 6.1: c(y) = sigmoid(f_K(...f_1(y))), f_k(x) = g_k(H_k x + b_k), g_k(x) = x + a_k * tanh(x), with
H_k = softplus(.) > 0 and a_k = tanh(.) > -1, hence c is increasing. Here c is shifted so that c(0) = 1/2: the
median of every channel is 0 by construction, rounding "about the median" is rounding to integers, and no
medians need be learned by an extra loss or stored.
"""

import itertools

import jax
import jax.numpy as jnp

from braincl_jax.types import Array, PyTree

HIDDEN = (3, 3, 3)
INITIAL_SCALE = 1.0
# Below float32 resolution of two logits near 50; keeps log p finite in the far tails.
SMALLEST_DIFFERENCE = 1e-6


def init(key: Array, num_channels: int) -> PyTree:
    """Parameters of a wide, nearly logistic density.

    Args:
        key: PRNG key.
        num_channels: M.

    Returns:
        Tuple of layers {"matrix": [M, out, in], "bias": [M, out, 1], "factor": [M, out, 1]}, float32; the last
        layer has no factor.
    """
    sizes = (1, *HIDDEN, 1)
    scale = INITIAL_SCALE ** (1 / (len(HIDDEN) + 1))
    layers = []
    for index, (fan_in, fan_out) in enumerate(itertools.pairwise(sizes)):
        raw = jnp.log(jnp.expm1(1 / scale / fan_out))
        layer = {
            "matrix": jnp.full((num_channels, fan_out, fan_in), raw, jnp.float32),
            "bias": jax.random.uniform(
                jax.random.fold_in(key, index), (num_channels, fan_out, 1), minval=-0.5, maxval=0.5
            ),
        }
        if index < len(HIDDEN):
            layer["factor"] = jnp.zeros((num_channels, fan_out, 1))
        layers.append(layer)
    return tuple(layers)


def _unshifted_logits(params: PyTree, y: Array) -> Array:
    """[M, 1, n] -> [M, 1, n]: the monotone network before the shift."""
    for layer in params:
        y = jax.nn.softplus(layer["matrix"]) @ y + layer["bias"]
        if "factor" in layer:
            y = y + jnp.tanh(layer["factor"]) * jnp.tanh(y)
    return y


def cumulative_logits(params: PyTree, y: Array) -> Array:
    """Logit of c(y) for each channel, increasing in y and 0 at y = 0.

    Args:
        params: as from `init`.
        y: float32 [..., M].

    Returns:
        float32 [..., M].
    """
    num_channels = y.shape[-1]
    columns = jnp.moveaxis(y, -1, 0).reshape(num_channels, 1, -1)
    median = _unshifted_logits(params, jnp.zeros((num_channels, 1, 1)))
    logits = _unshifted_logits(params, columns) - median
    return jnp.moveaxis(logits.reshape(num_channels, *y.shape[:-1]), 0, -1)


def bits(
    params: PyTree, y: Array, expected: Array | float = 0.0, scale: Array | float = 1.0
) -> Array:
    """Information of each latent in bits: -log2(c(upper) - c(lower)), of y +- 1/2 as seen from `expected` in `scale`s.

    Uses sigmoid(u) - sigmoid(l) = sigmoid(u) sigmoid(-l) (1 - exp(l - u)), which neither cancels nor
    underflows, so that the tails have useful gradients without a bound on p.

    Args:
        params: as from `init`.
        y: float32 [..., M], with noise or rounded.
        expected: float32 [..., M] or a number, where the median is.
        scale: float32 [..., M] or a number, > 0, by which the density is stretched.

    Returns:
        float32 [..., M], >= 0.
    """
    upper = cumulative_logits(params, (y + 0.5 - expected) / scale)
    lower = cumulative_logits(params, (y - 0.5 - expected) / scale)
    difference = jnp.maximum(upper - lower, SMALLEST_DIFFERENCE)
    log_p = (
        jax.nn.log_sigmoid(upper) + jax.nn.log_sigmoid(-lower) + jnp.log(-jnp.expm1(-difference))
    )
    return -log_p / jnp.log(2.0)
