"""The factorised density: a closed form, an independent implementation, its own promises."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax.test_util import check_grads
from scipy.special import expit
from scipy.stats import logistic

from braincl_jax.memory.codec import density

CHANNELS = 3
# (name of the leaf, out, in) of one channel's network of 1, 3, 3, 3, 1 units: 43 numbers.
ONE_CHANNEL = [
    {"matrix": (3, 1), "bias": (3, 1), "factor": (3, 1)},
    {"matrix": (3, 3), "bias": (3, 1), "factor": (3, 1)},
    {"matrix": (3, 3), "bias": (3, 1), "factor": (3, 1)},
    {"matrix": (1, 3), "bias": (1, 1)},
]
SIZE = sum(int(np.prod(shape)) for layer in ONE_CHANNEL for shape in layer.values())

cumulative_logits = jax.jit(density.cumulative_logits)
bits = jax.jit(density.bits)


def random_params(seed, scale=0.5, dtype: Any = np.float32):
    """Parameters as a training might leave them: every leaf moved, no factor zero."""
    rng = np.random.default_rng(seed)
    return jax.tree.map(
        lambda leaf: jnp.asarray(leaf + scale * rng.standard_normal(leaf.shape), dtype),
        density.init(jax.random.key(seed), CHANNELS),
    )


def params_from(values):
    """The network of one channel that holds `values` in order."""
    values = iter(values)
    return tuple(
        {
            name: jnp.asarray([next(values) for _ in range(np.prod(shape))], jnp.float32).reshape(
                1, *shape
            )
            for name, shape in layer.items()
        }
        for layer in ONE_CHANNEL
    )


def compressai_bits(params, y):
    """Balle et al. 2018, appendix 6.1, float64, likelihood as in CompressAI's EntropyBottleneck."""

    def logits(channel, value):
        x = np.array([[value]])
        for layer in params:
            leaf = {name: np.asarray(array[channel], np.float64) for name, array in layer.items()}
            x = np.log1p(np.exp(leaf["matrix"])) @ x + leaf["bias"]
            if "factor" in leaf:
                x = x + np.tanh(leaf["factor"]) * np.tanh(x)
        return x.item()

    result = np.zeros(y.shape)
    for position, value in np.ndenumerate(y):
        lower, upper = (logits(position[-1], value + half) for half in (-0.5, 0.5))
        sign = -np.sign(lower + upper)
        result[position] = -np.log2(abs(expit(sign * upper) - expit(sign * lower)))
    return result


@pytest.mark.parametrize("scale", [0.3, 1.0, 4.0])
def test_a_linear_network_is_the_logistic_distribution(scale):
    params = [dict(layer) for layer in density.init(jax.random.key(0), 1)]
    # No tanh terms, and slopes 1/(3 scale), 3 * 1/3, 3 * 1/3, 3 * 1 by layer: 1/scale in all.
    for layer, slope in zip(params, (1 / (3 * scale), 1 / 3, 1 / 3, 1.0), strict=True):
        layer["matrix"] = jnp.full_like(layer["matrix"], np.log(np.expm1(slope)))
    y = np.concatenate([np.arange(-12, 13), [-0.3, 0.25, 7.6]])
    # The survival function of |y| loses no digits in the tail; the distribution is symmetric.
    tail = logistic(scale=scale)
    expected = -np.log2(tail.sf(np.abs(y) - 0.5) - tail.sf(np.abs(y) + 0.5))
    actual = bits(tuple(params), jnp.asarray(y, jnp.float32)[:, None])[:, 0]
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)


def test_an_independent_implementation_agrees():
    params = random_params(3)
    median = density._unshifted_logits(params, jnp.zeros((CHANNELS, 1, 1)))
    shifted = (*params[:-1], {**params[-1], "bias": params[-1]["bias"] - median})
    y = np.linspace(-9, 9, 20 * CHANNELS).reshape(20, CHANNELS)
    expected = compressai_bits(shifted, y)
    # `density` shifts by itself: both sets of weights mean the same.
    for weights in (params, shifted):
        actual = bits(weights, jnp.asarray(y, jnp.float32))
        np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)


@given(st.lists(st.floats(-1, 1, width=32), min_size=SIZE, max_size=SIZE))
@settings(max_examples=30, deadline=None)
def test_the_cumulative_is_increasing_with_median_zero(values):
    y = jnp.arange(-20.0, 21.0)[:, None]
    logits = np.asarray(cumulative_logits(params_from(values), y))[:, 0]
    assert (np.diff(logits) > 0).all()
    assert abs(logits[20]) < 1e-5  # y = 0


@pytest.mark.parametrize("seed", range(3))
def test_probabilities_of_all_integers_sum_to_one(seed):
    integers = jnp.broadcast_to(jnp.arange(-1000.0, 1001.0)[:, None], (2001, CHANNELS))
    probability = 2.0 ** -np.asarray(bits(random_params(seed), integers), np.float64)
    np.testing.assert_allclose(probability.sum(0), 1, atol=1e-5)


@pytest.mark.parametrize("y", [-200.0, 200.0])
def test_far_tails_have_finite_bits_and_gradients_towards_the_median(y):
    params, far = random_params(1), jnp.full((1, CHANNELS), y)
    assert np.isfinite(bits(params, far)).all()
    to_params, to_y = jax.grad(lambda p, v: density.bits(p, v).sum(), (0, 1))(params, far)
    assert (np.sign(y) * to_y > 0.01).all()
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(to_params))
    assert all(np.abs(layer["matrix"]).max() > 0 for layer in to_params)


def test_gradients_are_those_of_finite_differences():
    with jax.enable_x64(True):
        params = random_params(2, dtype=np.float64)
        y = jnp.asarray([[-30.0, -0.4, 0.0], [0.7, 2.5, 30.0]])
        assert y.dtype == jnp.float64
        check_grads(
            jax.jit(density.bits), (params, y), order=1, modes=("fwd", "rev"), rtol=1e-5, atol=1e-5
        )


def test_jit_changes_nothing_and_leading_axes_are_free():
    params = random_params(4)
    y = jax.random.normal(jax.random.key(5), (2, 3, 4, CHANNELS)) * 5
    with jax.disable_jit():
        plain = density.bits(params, y)
    np.testing.assert_allclose(bits(params, y), plain, rtol=1e-5, atol=1e-5)
    one_row = bits(params, y[1, 2, 3])
    np.testing.assert_allclose(plain[1, 2, 3], one_row, rtol=1e-5, atol=1e-5)
