"""The factorised density against CompressAI's EntropyBottleneck with the same weights.

What CompressAI answers, in float64, is in tests/oracles; the script beside it says how it was made.
"""

import pathlib
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.memory.codec import density

ORACLE = pathlib.Path(__file__).parents[2] / "oracles" / "entropy_bottleneck.npz"


@pytest.fixture(scope="module")
def oracle() -> dict[str, np.ndarray]:
    with np.load(ORACLE) as file:
        return dict(file)


def answers(oracle, dtype: Any, added: float = 0.0):
    """Logits, bits and the gradient of their sum, in `dtype`, with `added` to the last bias: [N, C] each."""
    params = tuple(
        {
            name: jnp.asarray(oracle[f"{name}{index}"], dtype)
            for name in ("matrix", "bias", "factor")
            if f"{name}{index}" in oracle
        }
        for index in range(len(density.HIDDEN) + 1)
    )
    params[-1]["bias"] += added
    initial = density.init(jax.random.key(0), oracle["values"].shape[1])
    assert jax.tree.map(jnp.shape, params) == jax.tree.map(jnp.shape, initial)
    y = jnp.asarray(oracle["values"], dtype)
    logits = jax.jit(density.cumulative_logits)(params, y)
    bits = jax.jit(density.bits)(params, y)
    gradient = jax.jit(jax.grad(lambda y: density.bits(params, y).sum()))(y)
    assert logits.dtype == bits.dtype == gradient.dtype == dtype
    return logits, bits, gradient


def test_the_oracle_covers_centre_and_tails_of_every_channel(oracle):
    bits = np.where(oracle["compared"], oracle["bits"], np.nan)
    assert (oracle["compared"].sum(0) > 80).all()
    assert (np.nanmin(bits, 0) < 5).all() and (np.nanmax(bits, 0) > 7).all()
    assert (np.nanmax(bits, 0) > 25).sum() == 3


# CompressAI's last bias puts its median at 0. Here any does: the density is shifted by itself.
@pytest.mark.parametrize("added", [0.0, 2.5])
def test_float64_agrees_with_compressai(oracle, added):
    with jax.enable_x64(True):
        logits, bits, gradient = map(np.asarray, answers(oracle, np.float64, added))
    compared, expected = oracle["compared"], oracle["bits"]
    np.testing.assert_allclose(logits, oracle["logits"], rtol=1e-13, atol=1e-13)
    likely = expected < 20
    np.testing.assert_allclose(bits[likely], expected[likely], rtol=0, atol=1e-9)
    # Beyond, down to 1e-8, CompressAI's difference of two numbers near 1 keeps eight digits.
    np.testing.assert_allclose(bits[compared], expected[compared], rtol=0, atol=5e-8)
    np.testing.assert_allclose(
        gradient[compared], oracle["gradient"][compared], rtol=1e-9, atol=1e-9
    )


def test_float32_agrees_with_compressai(oracle):
    logits, bits, gradient = map(np.asarray, answers(oracle, np.float32))
    compared, expected = oracle["compared"], oracle["bits"]
    likely = expected < 10
    np.testing.assert_allclose(bits[likely], expected[likely], rtol=0, atol=1e-5)
    # In the tails 1e-5 is a few units in the last place: of 20 bits that unit is 2e-6.
    np.testing.assert_allclose(bits[compared], expected[compared], rtol=1e-6, atol=1e-5)
    np.testing.assert_allclose(logits, oracle["logits"], rtol=1e-6, atol=1e-5)
    np.testing.assert_allclose(
        gradient[compared], oracle["gradient"][compared], rtol=1e-5, atol=1e-5
    )
