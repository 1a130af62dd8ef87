"""Backbones by name: their features, and as many parameters as were published."""

import jax
import jax.numpy as jnp
import pytest

from braincl_jax.networks import build_network

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
