"""Stored decoder weights: error bounds, idempotence and bytes."""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from braincl_jax.memory.budget import tree_bytes
from braincl_jax.memory.codec import quantise

KERNEL = (2, 2, 3, 4)
kernels = npst.arrays(np.float32, KERNEL, elements=st.floats(-2, 2, width=32))
magnitudes = st.sampled_from([1e-2, 1.0, 100.0])
round_trip = jax.jit(lambda params: quantise.dequantise(quantise.quantise(params)))


def test_a_kernel_by_hand():
    # Largest of the output channels: 2.54 and 0. Scale 2.54 / 127 = .02;
    # values 127, -50, round(.6) = 1.
    kernel = jnp.array([[2.54, 0.0], [-1.0, 0.0], [0.012, 0.0]])
    stored = quantise.quantise(kernel)
    np.testing.assert_allclose(stored.scale, [[0.02, 0.0]], rtol=1e-3)
    np.testing.assert_array_equal(stored.value, [[127, 0], [-50, 0], [1, 0]])
    assert (stored.value.dtype, stored.scale.dtype) == (jnp.int8, jnp.float16)


@given(kernels, magnitudes)
@settings(max_examples=40, deadline=None)
def test_the_error_is_at_most_half_a_step_of_the_stored_scale_and_made_once(kernel, magnitude):
    kernel = kernel * np.float32(magnitude)
    # Below 127 * 2^-14 a channel's scale is no longer a normal float16 number, and is rounded coarsely.
    kernel[np.abs(kernel) < 128 * 2.0**-14] = 0
    params = {"kernel": kernel, "bias": kernel[0, 0, 0]}
    stored = jax.jit(quantise.quantise)(params)["kernel"]
    off = np.abs(np.asarray(quantise.dequantise(stored)) - kernel)
    # The largest may lie beyond 127 steps by the rounding of the float16 scale.
    steps = 0.5 + 127 * 2.0**-11
    assert (off <= steps * np.asarray(stored.scale, np.float32) + 1e-9).all()
    once = round_trip(params)
    twice = round_trip(once)
    jax.tree.map(np.testing.assert_array_equal, once, twice)


def test_bfloat16_kernels_by_hand():
    # 8 bits of significand: next to 1 lie 1 + 2^-7 and 1 - 2^-8; a tie goes to the even neighbour, which is 1.
    kernel = jnp.array([[1 + 2**-8, 1 + 3 * 2**-9], [-2.5, 0.0]])
    stored = quantise.quantise({"kernel": kernel, "bias": kernel[0]}, "bfloat16")
    assert (stored["kernel"].dtype, stored["bias"].dtype) == (jnp.bfloat16, jnp.float16)
    np.testing.assert_array_equal(stored["kernel"], [[1, 1 + 2**-7], [-2.5, 0]])
    np.testing.assert_array_equal(quantise.dequantise(stored)["bias"], kernel[0])


@given(kernels, magnitudes)
@settings(max_examples=20, deadline=None)
def test_a_bfloat16_kernel_is_off_by_at_most_one_in_2_to_the_8_of_each_weight(kernel, magnitude):
    kernel = kernel * np.float32(magnitude)
    kernel[np.abs(kernel) < np.finfo(np.float32).tiny] = 0  # subnormal numbers have fewer bits
    restored = quantise.dequantise(quantise.quantise(jnp.asarray(kernel), "bfloat16"))
    assert restored.dtype == jnp.float32
    assert (np.abs(restored - kernel) <= np.abs(kernel) / 256).all()


def test_zero_kernels_stay_zero():
    params = {"kernel": jnp.zeros(KERNEL), "bias": jnp.zeros(4)}
    for leaf in jax.tree.leaves(round_trip(params)):
        np.testing.assert_array_equal(leaf, np.zeros_like(leaf))


def test_jit_changes_nothing():
    kernel = jax.random.normal(jax.random.key(0), KERNEL)
    with jax.disable_jit():
        plain = quantise.dequantise(quantise.quantise(kernel))
    np.testing.assert_array_equal(round_trip(kernel), plain)


def test_what_is_stored_weighs_one_byte_a_weight_and_two_a_scale_or_bias():
    params = {"layer": {"kernel": jnp.ones(KERNEL), "bias": jnp.ones(4)}}
    stored = quantise.quantise(params)
    # 2 * 2 * 3 * 4 = 48 bytes of weights, 4 scales and 4 biases of 2 bytes.
    assert tree_bytes(stored) == 64
    # 48 weights and 4 biases of 2 bytes.
    assert tree_bytes(quantise.quantise(params, "bfloat16")) == 104
    restored = quantise.dequantise(stored)
    np.testing.assert_allclose(restored["layer"]["kernel"], np.ones(KERNEL), rtol=1e-3)
    assert all(leaf.dtype == jnp.float32 for leaf in jax.tree.leaves(restored))
