"""The phases of a run, and what their steps cost."""

import pytest

from braincl_jax.build import brain_shapes
from braincl_jax.phases import build_phases, phase_flops


def test_operations_are_those_of_whole_batches_whoever_counts_them(make_method, tiny_stream):
    method = make_method(method="finetune")
    shapes = brain_shapes(method)
    flops = phase_flops(method, tiny_stream, shapes)
    assert list(flops) == ["start", "classify", "transfer", "replay"]
    assert phase_flops(method, tiny_stream.part(1, 2), shapes) == flops
    # Three passes over the network for each image, where classification has one and the head's gradient.
    assert 0 < flops["classify"] < flops["replay"] < 3.2 * flops["classify"]
    assert flops["start"] == 0


def test_settings_cap_a_method(make_method, tiny_stream):
    # 48 images a task in wake classification of 3 batches of 16: 96 by day, and 2 x 4 steps of 16 by night.
    phases = build_phases(make_method(method="finetune", max_examples=96 + 64), tiny_stream)
    steps = {one.name: one.num_steps(0) for one in phases}
    assert steps == {"start": 1, "classify": 3, "transfer": 1, "replay": 2}
    with pytest.raises(ValueError, match=r"max_flops=1,000 is too small: what is not sleep takes"):
        build_phases(make_method(method="finetune", max_flops=1e3), tiny_stream)
