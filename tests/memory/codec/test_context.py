"""Context: weighted sums by hand, the same in floats and integers, and nothing learned from what is not yet decoded."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax.test_util import check_grads

from braincl_jax.memory.codec import context, density
from braincl_jax.memory.codec.context import Weights

SHAPE = (4, 3, 3)  # h, w, M
expect = jax.jit(context.expect, static_argnames="lanes")
information = jax.jit(context.information, static_argnames="lanes")


def random_weights(seed, channels=SHAPE[-1]):
    """Any weights that can be stored, int32."""
    rng = np.random.default_rng(seed)
    pairs = channels * (channels - 1) // 2

    def drawn(least, most, *shape):
        return jnp.asarray(rng.integers(least, most, shape, endpoint=True), jnp.int32)

    return Weights(
        drawn(-127, 127, channels, 4),
        drawn(-127, 127, pairs),
        drawn(0, 255, channels, 4),
        drawn(0, 255, pairs),
        drawn(1, 255, channels),
    )


def random_values(seed, number=2, most=64):
    return jnp.asarray(
        np.random.default_rng(seed).integers(-most, most, (number, *SHAPE)), jnp.int32
    )


def string_order(height, width, channels, lanes):
    """(string, place in it) of every latent [h, w, M]."""
    string = np.broadcast_to(
        (np.arange(height) // (height // lanes))[:, None, None], (height, width, channels)
    )
    row = np.arange(height)[:, None, None] % (height // lanes)
    place = (np.arange(channels) * (height // lanes) + row) * width + np.arange(width)[
        None, :, None
    ]
    return string, place


def test_expectation_and_spread_by_hand():
    # One cue of 2 x 3 places and 2 channels.
    #   channel 0:  1 -2  3    channel 1:  7  8  9
    #               4  5 -6               10 11 12
    values = jnp.array([[[[1, 7], [-2, 8], [3, 9]], [[4, 10], [5, 11], [-6, 12]]]], jnp.int32)
    weight = Weights(
        # Left, above, above left, above right.
        mean_own=jnp.array([[1, 10, 100, 127], [-2, 0, 0, 0]], jnp.int32),
        mean_before=jnp.array([5], jnp.int32),
        scale_own=jnp.array([[1, 2, 3, 4], [0, 0, 0, 0]], jnp.int32),
        scale_before=jnp.array([6], jnp.int32),
        base=jnp.array([9, 1], jnp.int32),
    )
    expected, scale = expect(weight, values)
    np.testing.assert_array_equal(
        expected[0, ..., 0],
        [
            [0, 1, -2],  # nothing above: the left neighbour alone
            # Above 1, above right -2; left 4, above -2, above left 1, above right 3; left 5, above 3, above left -2.
            [10 - 254, 4 - 20 + 100 + 381, 5 + 30 - 200],
        ],
    )
    np.testing.assert_array_equal(
        scale[0, ..., 0],
        [[9, 9 + 1, 9 + 2], [9 + 2 + 8, 9 + 4 + 4 + 3 + 12, 9 + 5 + 6 + 6]],
    )
    # -2 times the left neighbour and 5 times channel 0 at the same place; 1 + 6 times its magnitude.
    np.testing.assert_array_equal(
        expected[0, ..., 1], [[5, -14 - 10, -16 + 15], [20, -20 + 25, -22 - 30]]
    )
    np.testing.assert_array_equal(scale[0, ..., 1], [[7, 13, 19], [25, 31, 37]])


def test_weights_of_channels_before_are_rows_of_a_triangle_by_hand():
    triangle = context.lower_triangle(jnp.array([1, 2, 3]), 3)
    np.testing.assert_array_equal(triangle, [[0, 0, 0], [1, 0, 0], [2, 3, 0]])


@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 2, 4]), st.sampled_from([2, 192]))
@settings(max_examples=40, deadline=None)
def test_floats_and_integers_agree_exactly(seed, lanes, most):
    weight, values = random_weights(seed), random_values(seed, most=most)
    exact = expect(weight, values, lanes=lanes)
    floats = jax.tree.map(lambda x: x.astype(jnp.float32), (weight, values))
    for one, other in zip(exact, expect(*floats, lanes=lanes), strict=True):
        assert (one.dtype, other.dtype) == (jnp.int32, jnp.float32)
        np.testing.assert_array_equal(one, other)
    expected, scale = map(np.asarray, exact)
    assert np.abs(expected).max() <= 8192
    assert scale.min() >= 1 and scale.max() <= 8192


def test_what_would_leave_the_range_stays_at_its_end():
    # Left, above and above left of the last place are 100 each: 127 * 300 = 38100 is more than 8192.
    weight = jax.tree.map(lambda x: jnp.full_like(x, 127), random_weights(0))
    expected, scale = expect(weight, jnp.full((1, *SHAPE), 100, jnp.int32))
    assert (expected[0, -1, -1, 0], scale[0, -1, -1, 0]) == (8192, 8192)
    expected, _ = expect(weight, jnp.full((1, *SHAPE), -100, jnp.int32))
    assert expected[0, -1, -1, 0] == -8192


@pytest.mark.parametrize("lanes", [1, 2])
def test_a_latent_changes_only_what_is_expected_of_those_after_it_in_its_string(lanes):
    # Weights so small that nothing is cut off, and none is zero.
    weight = jax.tree.map(lambda x: jnp.abs(x) % 5 + 1, random_weights(1))
    values = np.asarray(random_values(2, number=1, most=9))
    string, place = string_order(*SHAPE, lanes)
    changed = np.repeat(values, np.prod(SHAPE), 0)
    where = [index.ravel() for index in np.indices(SHAPE)]
    changed[np.arange(len(changed)), *where] += 11
    before, after = expect(weight, values, lanes=lanes), expect(weight, changed, lanes=lanes)
    differs = np.zeros(changed.shape, bool)
    for one, other in zip(before, after, strict=True):
        differs |= np.asarray(one) != np.asarray(other)
    for index, found in enumerate(differs):
        own = tuple(axis[index] for axis in where)
        later = (string == string[own]) & (place > place[own])
        assert not (found & ~later).any()
    # Every latent but the first of each string follows from another one.
    np.testing.assert_array_equal(differs.any(0), place > 0)


def test_lanes_are_cues_of_their_own():
    weight, values = random_weights(3), random_values(4)
    strips = values.reshape(4, 2, *SHAPE[1:])
    for one, other in zip(expect(weight, values, lanes=2), expect(weight, strips), strict=True):
        np.testing.assert_array_equal(one.reshape(other.shape), other)


def test_information_knows_the_lanes(random_params):
    params, values = random_params(3, SHAPE[-1]), random_values(4, most=3).astype(jnp.float32)
    strips = values.reshape(4, 2, *SHAPE[1:])
    both, alone = information(params, values, values, lanes=2), information(params, strips, strips)
    np.testing.assert_allclose(both.reshape(alone.shape), alone, rtol=1e-5, atol=1e-5)
    whole = information(params, values, values)
    assert jnp.abs(whole - both)[:, 2:].max() > 0.1
    np.testing.assert_allclose(whole[:, :2], both[:, :2], rtol=1e-5, atol=1e-5)


def test_weights_are_whole_numbers_that_fit_a_byte():
    params = jax.tree.map(
        lambda x: 30 * jnp.sin(jnp.arange(x.size) + 1.0).reshape(x.shape), context.init(5)
    )
    weight = context.weights(params)
    ranges = [(-127, 127), (-127, 127), (0, 255), (0, 255), (1, 255)]
    for array, range_of in zip(weight, ranges, strict=True):
        np.testing.assert_array_equal(array, np.round(array))
        assert (np.asarray(array).min(), np.asarray(array).max()) == range_of


def test_weights_by_hand():
    params = context.init(2)
    params["mean_own"] = params["mean_own"].at[0].set(jnp.array([0.5, -0.26, 1.97, -3.0]))
    params["base"] = jnp.array([0.0, -9.0])
    weight = context.weights(params)
    # In 1/64: 32, -16.6, 126.1 and -192, of which the last is cut off.
    assert weight.mean_own[0].tolist() == [32, -17, 126, -127]
    # softplus(0) = ln 2 = 44.4 / 64; of softplus(-9) nothing is left, but a scale may not be 0.
    assert weight.base.tolist() == [44, 1]
    # As it starts, every neighbour adds about 1/64 of its magnitude.
    assert np.asarray(weight.scale_own).tolist() == [[1] * 4] * 2
    assert context.weights(context.init(2)).base.tolist() == [64, 64]


def test_gradients_pass_straight_through_the_rounding():
    params = context.init(2)
    params["mean_own"] = params["mean_own"].at[0].set(jnp.array([0.5, -0.26, 1.97, -3.0]))
    gradient = jax.grad(lambda p: sum(leaf.sum() for leaf in context.weights(p)))(params)
    # d(64 x) / dx = 64, but for the weight that is cut off; d(64 softplus(x)) / dx = 64 sigmoid(x).
    assert gradient["mean_own"][0].tolist() == [64, 64, 64, 0]
    for name in ("scale_own", "scale_before", "base"):
        expected = 64 / (1 + np.exp(-np.asarray(params[name], np.float64)))
        np.testing.assert_allclose(gradient[name], expected, rtol=1e-5)


def test_gradients_of_information_are_those_of_finite_differences(random_params):
    # Half-integers in place of rounded values: far from 0, where a magnitude has a kink.
    rng = np.random.default_rng(0)
    with jax.enable_x64(True):
        params = jax.tree.map(lambda x: x.astype(jnp.float64), random_params(0, SHAPE[-1]))
        rounded = jnp.asarray(rng.integers(-3, 3, (1, *SHAPE)) + 0.5)
        values = rounded + jnp.asarray(rng.uniform(-0.5, 0.5, rounded.shape))
        assert values.dtype == jnp.float64

        def total(cumulative, values):
            known = {"cumulative": cumulative, "context": params["context"]}
            return context.information(known, values, rounded).sum()

        check_grads(
            jax.jit(total),
            (params["cumulative"], values),
            order=1,
            modes=("fwd", "rev"),
            rtol=1e-5,
            atol=1e-5,
        )


def test_latents_get_no_gradient_as_a_part_of_contexts(random_params):
    params, values = random_params(0, SHAPE[-1]), random_values(1, most=4).astype(jnp.float32)
    gradient = jax.jit(jax.grad(lambda x: context.information(params, values, x).sum()))(values)
    np.testing.assert_array_equal(gradient, 0)


def test_every_weight_of_the_context_gets_a_gradient(random_params):
    params, values = random_params(0, SHAPE[-1]), random_values(1, most=4).astype(jnp.float32)
    gradient = jax.jit(jax.grad(lambda p: context.information(p, values, values).sum()))(params)
    for name, leaf in gradient["context"].items():
        assert np.isfinite(leaf).all(), name
        assert (np.asarray(leaf) != 0).all(), name


def test_a_context_that_tells_nothing_leaves_the_factorised_density(random_params):
    params = random_params(2, SHAPE[-1])
    params["context"] = context.init(SHAPE[-1])
    for name in ("scale_own", "scale_before"):
        params["context"][name] = jnp.full_like(params["context"][name], -20)
    values = random_values(5, most=9) + jnp.float32(0.3)
    alone = density.bits(params["cumulative"], values)
    np.testing.assert_allclose(information(params, values, jnp.round(values)), alone, rtol=1e-5)
    other = jnp.roll(jnp.round(values), 1, 0)
    np.testing.assert_allclose(information(params, values, other), alone, rtol=1e-5)
