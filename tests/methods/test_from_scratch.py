"""A network that begins anew every night."""

import jax
import numpy as np
import pytest

NAMES = ["gdumb", "joint_scratch", "alone"]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_learned_awake_and_the_night_begins_with_a_new_network(
    name, short, short_stream
):
    phases = short(name).phases(short_stream)
    names = [phase.name for phase in phases]
    assert "classify" not in names
    assert names[-2:] == ["renew", "replay"]
    assert {phase.counts_as for phase in phases} == {"", "sleep"}


@pytest.mark.parametrize("name", NAMES)
def test_weights_that_nothing_is_left_of_are_not_scaled_down(name, short, short_stream):
    with pytest.raises(ValueError, match=rf"sleep\.downscaling=0\.5 is impossible .*{name}"):
        short(name, downscaling=0.5).phases(short_stream)


@pytest.mark.parametrize("task", [0, 1])
def test_the_weights_are_new_in_every_night(task, life_of):
    life = life_of("gdumb")
    before, after = (life.before[task, "renew"].state, life.after[task, "renew"])
    for old, new in zip(*(jax.tree.leaves(s.encoder.params) for s in (before, after)), strict=True):
        # Biases and BatchNorm scales begin alike.
        assert (old != new).any() or len(np.unique(new)) == 1
    other = life.after[1 - task, "renew"].encoder.params["head"]["kernel"]
    assert (after.encoder.params["head"]["kernel"] != other).all()
