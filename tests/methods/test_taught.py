"""A teacher of the network's shapes from the first step on."""

import jax
import pytest


@pytest.mark.parametrize("name", ["lwf", "wa", "icarl"])
def test_the_first_teacher_knows_nothing_and_has_the_shapes_of_the_network(name, short):
    method = short(name)
    teacher = method.init(jax.random.key(0))["teacher"]
    fresh = method.parts.network.init(jax.random.key(0), (4, 4, 1))
    for one, other in zip(
        jax.tree.leaves((teacher.params, teacher.batch_stats)), jax.tree.leaves(fresh), strict=True
    ):
        assert (one.shape, one.dtype) == (other.shape, other.dtype)
        assert not one.any()
    assert not teacher.known.any()


@pytest.mark.parametrize("name", ["lwf", "wa", "icarl"])
def test_it_is_kept_after_the_last_change_of_the_night(name, short, short_stream):
    names = [phase.name for phase in short(name).phases(short_stream)]
    changing = ("classify", "transfer", "replay", "align")
    assert all(names.index("keep_teacher") > names.index(one) for one in changing if one in names)
