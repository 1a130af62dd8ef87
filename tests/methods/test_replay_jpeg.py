"""JPEG: what its strings are."""

import numpy as np

from braincl_jax.types import Batch


def test_its_strings_are_jpeg(make_method):
    # All 256 bytes of a raw image: flat images take less, others more for their tables alone.
    method = make_method(method="replay_jpeg(ratio=1.0)")
    image = np.full((1, 16, 16, 1), 90, np.uint8)
    coded = method.coded(Batch(image, np.zeros(1, np.int32), np.zeros(1, np.int32)))
    assert bytes(coded.string[0, :2]) == b"\xff\xd8"
    assert np.abs(coded.decoded.image.astype(int) - 90).max() <= 2
