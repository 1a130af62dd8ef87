"""JPEG: what its strings are."""

import jax.numpy as jnp
import numpy as np

from braincl_jax.types import Batch


def test_its_strings_are_jpeg(make_method):
    # All 256 bytes of a raw image: flat images take less, others more for their tables alone.
    method = make_method(method="replay_jpeg(ratio=1.0)")
    image = jnp.full((1, 16, 16, 1), 90, jnp.uint8)
    coded = method.coded(Batch(image, jnp.zeros(1, int), jnp.zeros(1, int)))
    assert bytes(np.asarray(coded.string)[0, :2]) == b"\xff\xd8"
    assert np.abs(np.asarray(coded.decoded.image, int) - 90).max() <= 2
