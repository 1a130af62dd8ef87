"""Backbones by name, the head, and which logits are in play."""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.networks import Network, build_network
from braincl_jax.networks.network import MASKED_LOGIT

NUM_CLASSES = 6


def shapes_of(name: str, width: int, image_shape: tuple[int, int, int], train: bool = False):
    """(parameters, features, logits) as shapes; nothing is computed."""
    network = build_network(f"{name}(width={width})", NUM_CLASSES)

    def run(key, images):
        params, batch_stats = network.init(key, image_shape)
        features, _ = network.features(params, batch_stats, images, train=train)
        return params, features, network.logits(params, features)

    images = jax.ShapeDtypeStruct((2, *image_shape), jnp.uint8)
    return jax.eval_shape(run, jax.random.key(0), images)


@pytest.mark.parametrize("train", [False, True])
@pytest.mark.parametrize(
    ("name", "image_shape", "doublings"),
    [
        ("resnet8", (28, 28, 1), 2),
        ("resnet8_half", (28, 28, 1), 2),
        ("resnet32", (32, 32, 3), 2),
        ("resnet18", (32, 32, 3), 3),
        ("resnet18_224", (224, 224, 3), 3),
    ],
)
def test_features_are_as_wide_as_the_last_stage(name, image_shape, doublings, train):
    width = 4
    _, features, logits = shapes_of(name, width, image_shape, train)
    assert features.shape == (2, width * 2**doublings)
    assert features.dtype == jnp.float32
    assert logits.shape == (2, NUM_CLASSES)


def test_resnet18_has_the_published_number_of_parameters():
    # torchvision's ResNet-18 has 11,689,512 with a head of 513,000 (512 * 1000 + 1000).
    params, _, _ = shapes_of("resnet18_224", 64, (224, 224, 3))
    assert sum(leaf.size for leaf in jax.tree.leaves(params["backbone"])) == 11_689_512 - 513_000


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
