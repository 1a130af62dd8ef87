"""What the neighbours of a latent tell of it: the value to expect, and how far off it may be.

A latent's value is expected at a weighted sum of latents that are decoded before it, and its scale is a weighted sum
of their magnitudes: four neighbours of its own channel, and the same place in all channels before it. It is the
autoregressive context model of Minnen, Balle, Toderici (2018), section 2, over space and channels (Minnen & Singh
2020), with linear predictions, so that decoding can do it in integers: every weight is a multiple of 1/64 that fits
into a byte, in training as well as in the tables that are stored.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from braincl_jax.memory.codec import density
from braincl_jax.types import Array, PyTree

# Weights, expectations and scales are counted in 1/64 of a latent's unit.
UNIT = 64
LARGEST_MEAN_WEIGHT, LARGEST_SCALE_WEIGHT = 127, 255
# Of expectations and scales: integer arithmetic on them must not overflow.
LARGEST = 1 << 13
# Neighbours of the own channel as (rows up, columns left): left, above, above left, above right.
OWN = ((0, 1), (1, 0), (1, 1), (1, -1))
# softplus of it is about 1/64.
INITIAL_SCALE_WEIGHT = -4.2
INITIAL_SCALE = 1.0


class Weights(NamedTuple):
    """In units of 1/64.

    Attributes:
        mean_own, scale_own: [M, 4], of the neighbours in the own channel.
        mean_before, scale_before: [M (M - 1) / 2], of the channels before, by rows of the lower triangle.
        base: [M], scale where all neighbours are 0; at least 1.
    """

    mean_own: Array
    mean_before: Array
    scale_own: Array
    scale_before: Array
    base: Array


def init(num_channels: int) -> PyTree:
    """Parameters of a context that tells next to nothing, float32."""
    pairs = num_channels * (num_channels - 1) // 2
    return {
        "mean_own": jnp.zeros((num_channels, len(OWN))),
        "mean_before": jnp.zeros(pairs),
        "scale_own": jnp.full((num_channels, len(OWN)), INITIAL_SCALE_WEIGHT, jnp.float32),
        "scale_before": jnp.full(pairs, INITIAL_SCALE_WEIGHT, jnp.float32),
        "base": jnp.full(num_channels, jnp.log(jnp.expm1(INITIAL_SCALE)), jnp.float32),
    }


def weights(params: PyTree) -> Weights:
    """The weights that `params` stand for, whole numbers of 1/64, float32; gradients pass through the rounding."""

    def rounded(x: Array, least: int, most: int) -> Array:
        x = jnp.clip(UNIT * x, least, most)
        return x + jax.lax.stop_gradient(jnp.round(x) - x)

    def mean(name: str) -> Array:
        return rounded(params[name], -LARGEST_MEAN_WEIGHT, LARGEST_MEAN_WEIGHT)

    def scale(name: str, least: int = 0) -> Array:
        return rounded(jax.nn.softplus(params[name]), least, LARGEST_SCALE_WEIGHT)

    return Weights(
        mean("mean_own"),
        mean("mean_before"),
        scale("scale_own"),
        scale("scale_before"),
        scale("base", 1),
    )


def lower_triangle(vector: Array, num_channels: int) -> Array:
    """[M (M - 1) / 2] -> [M, M], zeros on and above the diagonal."""
    rows, columns = np.tril_indices(num_channels, -1)
    return jnp.zeros((num_channels, num_channels), vector.dtype).at[rows, columns].set(vector)


def shifted(values: Array, up: int, left: int) -> Array:
    """[B, h, w, M]: at each place the value so many rows up and columns to the left; 0 beyond the edge."""
    _, height, width, _ = values.shape
    padded = jnp.pad(values, ((0, 0), (1, 1), (1, 1), (0, 0)))
    return padded[:, 1 - up : 1 - up + height, 1 - left : 1 - left + width]


def information(params: PyTree, values: Array, rounded: Array, lanes: int = 1) -> Array:
    """Information of each latent in its context, in bits.

    Latents get no gradient as a part of others' contexts: to be predicted easily and to predict well pull at them in
    ways that can keep a codec from converging.

    Args:
        params: {"cumulative", "context"}: of `density` and of this module.
        values: float32 [B, h, w, M], with noise or rounded.
        rounded: float32 [B, h, w, M], what the decoder will know of them.
        lanes: L, strings of a cue.

    Returns:
        float32 [B, h, w, M], >= 0.
    """
    expected, scale = expect(weights(params["context"]), jax.lax.stop_gradient(rounded), lanes)
    return density.bits(params["cumulative"], values, expected / UNIT, scale / UNIT)


def expect(weight: Weights, values: Array, lanes: int = 1) -> tuple[Array, Array]:
    """Expectation and scale of every latent, in units of 1/64.

    Args:
        weight: of one dtype, float32 or int32.
        values: latents [B, h, w, M], whole numbers, of that dtype.
        lanes: L; a string knows nothing of the rows of others.

    Returns:
        expectation and scale, [B, h, w, M] each, of that dtype; scale >= 1.
    """
    batch, height, width, channels = values.shape
    strips = values.reshape(batch * lanes, height // lanes, width, channels)
    own = [shifted(strips, *offset) for offset in OWN]
    expected = _sum(weight.mean_own, weight.mean_before, own, strips)
    sizes = [jnp.abs(one) for one in own]
    scale = (
        _sum(weight.scale_own, weight.scale_before, sizes, jnp.abs(strips))
        + weight.base[None, None, None]
    )
    expected, scale = bounded(expected, scale)
    return expected.reshape(values.shape), scale.reshape(values.shape)


def bounded(expected: Array, scale: Array) -> tuple[Array, Array]:
    """Both within the range that integers have room for."""
    return jnp.clip(expected, -LARGEST, LARGEST), jnp.clip(scale, 1, LARGEST)


def _sum(own_weights: Array, before: Array, own: list[Array], values: Array) -> Array:
    matrix = lower_triangle(before, values.shape[-1])
    total = jnp.einsum("bhwk,mk->bhwm", values, matrix)
    for index, neighbour in enumerate(own):
        total = total + own_weights[None, None, None, :, index] * neighbour
    return total
