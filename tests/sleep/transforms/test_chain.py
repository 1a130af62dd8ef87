"""Chains: each part sees what the one before has made, with keys of its own."""

import importlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.config import from_mapping
from braincl_jax.registry import AUGMENTATIONS, brought_from_outside

FLIP = "crop_flip_noise(crop_padding=0, flip=True, noise=0.0)"
HALVE_AND_ADD = """
from braincl_jax.registry import AUGMENTATIONS
from braincl_jax.settings import settings

@AUGMENTATIONS.register("halve")
@settings()
class Halve:
    def __call__(self, keys, images):
        return images // 2

@AUGMENTATIONS.register("add_ten")
@settings()
class AddTen:
    def __call__(self, keys, images):
        return images + 10
"""


def keys_and_images(count: int):
    images = np.random.default_rng(0).integers(0, 200, (count, 4, 4, 3), np.uint8)
    return jax.random.split(jax.random.key(3), count), jnp.asarray(images)


def test_no_parts_leave_images_as_they_are():
    keys, images = keys_and_images(2)
    assert AUGMENTATIONS.build("chain")(keys, images) is images


def test_parts_follow_each_other_in_their_order(plugin):
    importlib.import_module(plugin(HALVE_AND_ADD))
    keys, images = keys_and_images(2)
    made = AUGMENTATIONS.build("chain(parts=('add_ten', 'halve'))")(keys, images)
    np.testing.assert_array_equal(made, (images + 10) // 2)


def test_each_part_draws_by_itself():
    keys, images = keys_and_images(200)
    made = AUGMENTATIONS.build(f"chain(parts={(FLIP, FLIP)!r})")(keys, images)
    same = int((made == images).all((1, 2, 3)).sum())
    # With one draw for both, all 200 would be flipped back. Binomial(200, 1/2): standard deviation 7.
    assert 60 < same < 140


def test_an_example_does_not_depend_on_its_batch():
    keys, images = keys_and_images(6)
    chain = AUGMENTATIONS.build(f"chain(parts={(FLIP, FLIP)!r})")
    np.testing.assert_array_equal(chain(keys, images)[2:4], chain(keys[2:4], images[2:4]))


def test_what_is_recorded_spells_out_the_settings_of_all_parts():
    assert AUGMENTATIONS.canonical(
        "chain(parts=['crop_flip_noise(noise=0)', 'trivial_augment'])"
    ) == (
        "chain(parts=('crop_flip_noise(crop_padding=1, flip=True, noise=0.0)', 'trivial_augment'))"
    )


def test_a_part_that_there_is_not_is_named():
    with pytest.raises(ValueError, match="'halv' is unknown"):
        AUGMENTATIONS.build("chain(parts=('halv',))")


def test_parts_of_your_own_inside_a_chain_are_known_by_their_bytes(plugin):
    name = plugin(HALVE_AND_ADD)
    importlib.import_module(name)
    chained = from_mapping({"sleep": {"augmentation": "chain(parts=('halve',))"}})
    assert list(brought_from_outside(chained)) == [name]
