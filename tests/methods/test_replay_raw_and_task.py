"""Replay as exemplar methods usually do it: the task's images are at hand besides."""

from braincl_jax.methods import ReplayRaw, ReplayRawAndTask


def test_it_has_the_exemplars_of_replay_raw_and_the_task(make_method):
    method = make_method(method="replay_raw_and_task")
    assert isinstance(method, ReplayRawAndTask)
    alone = ReplayRaw(parts=method.parts)
    assert method.capacity == alone.capacity
    assert (alone.layout.keeps_task, method.layout.keeps_task) == (False, True)
