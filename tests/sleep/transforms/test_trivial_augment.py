"""Operations, magnitudes and signs are torchvision's (oracles/transforms.npz, made by torchvision)."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.registry import AUGMENTATIONS
from braincl_jax.sleep.transforms.trivial_augment import OPERATIONS, altered, draw_operation

ORACLE = np.load(Path(__file__).parents[2] / "oracles" / "transforms.npz")
# Where a sum is rounded to just below a whole number; all others are exact.
MOST_DIFFERENCE = {"saturation": 1, "sharpness": 1}


@pytest.fixture(scope="module", params=["altered", "altered_grey"])
def differences(request) -> np.ndarray:
    """Of every case of the oracle, by pixel."""
    expected = ORACLE[request.param]
    image = jnp.asarray(ORACLE["image"][..., : expected.shape[-1]])
    operations, magnitudes = ORACLE["altered_cases"].T
    alter = jax.jit(jax.vmap(lambda operation, size: altered(image, operation, size)))
    made = alter(jnp.asarray(operations, jnp.int32), jnp.asarray(magnitudes))
    return np.asarray(made).astype(int) - expected


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_is_that_of_torchvision(differences, name):
    own = differences[ORACLE["altered_cases"][:, 0] == tuple(OPERATIONS).index(name)]
    assert len(own) > 0
    assert np.abs(own).max() <= MOST_DIFFERENCE.get(name, 0)
    assert (own != 0).mean() < 0.05


def test_magnitudes_and_signs_are_those_of_torchvision():
    magnitudes, signed = zip(*OPERATIONS.values(), strict=True)
    np.testing.assert_allclose(np.stack(magnitudes), ORACLE["magnitudes"], rtol=1e-6, atol=1e-6)
    assert list(signed) == ORACLE["signed"].tolist()


def test_operations_strengths_and_signs_are_equally_likely():
    keys = jax.random.split(jax.random.key(0), 14_000)
    operations, magnitudes = map(np.asarray, jax.jit(jax.vmap(draw_operation))(keys))
    # Of each: Binomial(14,000, 1/14), standard deviation 30.
    assert np.abs(np.bincount(operations, minlength=14) - 1000).max() < 130
    for number, (table, signed) in enumerate(OPERATIONS.values()):
        own = magnitudes[operations == number]
        assert set(np.abs(own)) == set(table)
        # Half of those that are not 0: standard deviation 1.6 %.
        assert abs((own < 0).mean() - (0.5 * (table > 0).mean() if signed else 0)) < 0.07


@pytest.mark.parametrize("channels", [1, 3])
def test_an_example_depends_on_its_own_key_and_image_alone(channels):
    keys = jax.random.split(jax.random.key(2), 8)
    images = jnp.stack([jnp.asarray(ORACLE["image"][..., :channels])] * 8)
    vary = AUGMENTATIONS.build("trivial_augment")
    whole, part = vary(keys, images), vary(keys[2:4], images[2:4])
    assert whole.shape == images.shape and whole.dtype == jnp.uint8
    np.testing.assert_array_equal(whole[2:4], part)
    assert len({one.tobytes() for one in np.asarray(whole)}) > 4
