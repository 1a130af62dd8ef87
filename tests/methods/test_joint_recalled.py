"""Joint training on recalled images: the days of BrainCL, and its last night."""

import dataclasses

import pytest


def test_only_the_last_night_has_steps_and_all_else_is_as_in_braincl(make_method, tiny_stream):
    ours, its = (
        make_method(method=name).phases(tiny_stream) for name in ("joint_recalled", "braincl")
    )
    assert [phase.name for phase in ours] == [phase.name for phase in its]
    for one, other in zip(ours[:-1], its[:-1], strict=True):
        assert [one.num_steps(task) for task in (0, 1)] == [
            other.num_steps(task) for task in (0, 1)
        ]
    assert [ours[-1].num_steps(task) for task in (0, 1)] == [0, 4]


def test_steps_back_before_nights_that_are_not_slept_are_refused(
    make_method, tiny_stream, tiny_config
):
    sleep = dataclasses.replace(tiny_config.sleep, downscaling=0.5)
    method = make_method(method="joint_recalled", sleep=sleep)
    with pytest.raises(ValueError, match=r"sleep\.downscaling=0\.5 is impossible .* need 0"):
        method.phases(tiny_stream)
