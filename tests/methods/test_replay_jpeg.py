"""JPEG: what its strings are."""

import numpy as np

from braincl_jax.data.coded import decode


def test_its_strings_are_jpeg(make_method, tiny_stream):
    memorise = make_method(method="replay_jpeg(ratio=5.0)").phases(tiny_stream)[1]
    coded = next(iter(memorise.batches(0)))
    length, string = int(coded.length[0]), np.asarray(coded.string)[0]
    np.testing.assert_array_equal(
        decode(string[:length].tobytes(), "JPEG", (16, 16, 1)), coded.decoded.image[0]
    )
