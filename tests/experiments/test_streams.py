"""Runs of the same images share a stream; others have their own."""

import dataclasses

from braincl_jax.config import Config
from experiments.streams import stream_of


def test_configs_that_learn_the_same_share_a_stream():
    config = Config()
    one = stream_of(config)
    assert stream_of(dataclasses.replace(config, method="joint", seed=3)) is one
    other = stream_of(dataclasses.replace(config, validation_fraction=0.1))
    assert other is not one
    assert other.spec.num_images < one.spec.num_images
