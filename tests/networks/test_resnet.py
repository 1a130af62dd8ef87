"""Residual networks: BatchNorm in training and at rest, and what is computed in bfloat16."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.networks import build_network

NUM_CLASSES = 6


@pytest.fixture(scope="module")
def small():
    """(network, parameters, BatchNorm statistics, images) of a resnet8 of width 2."""
    network = build_network("resnet8(width=2)", NUM_CLASSES)
    init = jax.jit(functools.partial(network.init, image_shape=(8, 8, 1)))
    images = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 1)).astype(np.uint8)
    return network, *init(jax.random.key(0)), images


def test_batch_norm_statistics_stand_still_outside_training(small):
    network, params, batch_stats, images = small
    _, after = jax.jit(network.features)(params, batch_stats, images)
    jax.tree.map(np.testing.assert_array_equal, after, batch_stats)


def test_batch_norm_statistics_move_while_training(small):
    network, params, batch_stats, images = small
    _, after = jax.jit(functools.partial(network.features, train=True))(params, batch_stats, images)
    moved = jax.tree.map(lambda a, b: bool((a != b).any()), after, batch_stats)
    assert all(jax.tree.leaves(moved["BatchNorm_0"]))


def test_outside_training_an_image_does_not_depend_on_the_others_of_its_batch(small):
    network, params, batch_stats, images = small
    features = jax.jit(lambda x: network.features(params, batch_stats, x)[0])
    other = images.copy()
    other[1:] = 255 - other[1:]
    np.testing.assert_allclose(features(images)[0], features(other)[0], rtol=1e-5, atol=1e-6)
    assert jnp.abs(features(images)[1] - features(other)[1]).max() > 1e-4


@pytest.mark.parametrize("shape", [(5, 7, 1), (1, 1, 3), (28, 27, 1)])
def test_at_half_the_resolution_odd_sides_get_their_last_row_or_column_twice(shape):
    network = build_network("resnet8_half(width=2)", NUM_CLASSES)
    init = jax.jit(functools.partial(network.init, image_shape=shape))
    params, batch_stats = init(jax.random.key(0))
    images = np.random.default_rng(0).integers(0, 256, (2, *shape)).astype(np.uint8)
    even = [(0, side % 2) for side in shape[:2]]
    padded = np.pad(images, ((0, 0), *even, (0, 0)), mode="edge")
    features = jax.jit(lambda x: network.features(params, batch_stats, x)[0])
    np.testing.assert_array_equal(features(images), features(padded))


@pytest.fixture(scope="module")
def half_precision():
    """The network of `small`, computed in bfloat16."""
    return build_network("resnet8(width=2, dtype='bfloat16')", NUM_CLASSES)


@pytest.mark.parametrize("train", [False, True])
def test_in_bfloat16_everything_that_is_kept_stays_float32(small, half_precision, train):
    _, params, batch_stats, images = small
    new = jax.eval_shape(
        functools.partial(half_precision.init, image_shape=(8, 8, 1)), jax.random.key(0)
    )
    assert jax.tree.map(lambda x: (x.shape, x.dtype), new) == jax.tree.map(
        lambda x: (x.shape, x.dtype), (params, batch_stats)
    )
    features, statistics = jax.eval_shape(
        functools.partial(half_precision.features, train=train), params, batch_stats, images
    )
    logits = jax.eval_shape(half_precision.logits, params, features)
    assert {x.dtype for x in jax.tree.leaves((features, statistics, logits))} == {jnp.dtype("f4")}


def test_in_bfloat16_convolutions_are_computed_in_it_and_nothing_else_is_far_off(
    small, half_precision
):
    network, params, batch_stats, images = small

    def features(network):
        return functools.partial(network.features, params, batch_stats, train=True)

    program = jax.make_jaxpr(features(half_precision))(images)
    convolutions = [
        equation
        for equation in program.eqns
        if equation.primitive is jax.lax.conv_general_dilated_p
    ]
    assert len(convolutions) == 9
    assert {variable.aval.dtype for one in convolutions for variable in one.invars} == {
        jnp.dtype(jnp.bfloat16)
    }
    exact, rough = (jax.jit(features(one))(images)[0] for one in (network, half_precision))
    error = float(jnp.linalg.norm(rough - exact) / jnp.linalg.norm(exact))
    # bfloat16 has 8 significant bits: 1/256 an operation, and some of them in a row.
    assert 0 < error < 0.03
