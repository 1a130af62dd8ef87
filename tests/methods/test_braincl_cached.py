"""BrainCL with a cache: the phases of BrainCL, and what it has decoded stands beside the bill."""

from braincl_jax.build import brain_shapes
from braincl_jax.memory.cached_cues import CachedCueLayout


def test_its_phases_are_those_of_braincl_and_its_groups_those_of_a_night(make_method, tiny_stream):
    ours, its = (make_method(method=name) for name in ("braincl_cached", "braincl"))
    names = [[phase.name for phase in one.phases(tiny_stream)] for one in (ours, its)]
    assert names[0] == names[1]
    assert isinstance(ours.layout, CachedCueLayout)
    sleep = ours.parts.config.sleep
    assert ours.layout.group_size == sleep.batch_size // sleep.num_groups


def test_its_cache_is_on_no_bill(make_method):
    method = make_method(method="braincl_cached")
    # A slot has 16 * 16 bytes of image and a flag.
    slots = method.layout.format.num_slots
    assert method.caches(brain_shapes(method)) == {"decoded_cache": slots * 257}
