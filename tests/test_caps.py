"""Caps on compute, in numbers that can be worked out by hand."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.caps import Cap, within
from braincl_jax.pipeline import Phase
from braincl_jax.schedules import warmup_cosine

NIGHTS = (10, 20, 40)


def do_nothing(state, batch, now, axis_name=None):
    return state, {}


def phase(name, steps, **facts):
    return Phase(name, do_nothing, num_steps=steps.__getitem__, **facts)


@pytest.fixture
def phases():
    """A day of 300 operations, and nights of 70 steps of 10 and 7 of 20: 840."""
    rate = warmup_cosine(NIGHTS, peak=0.1, final=0.001, warmup_fraction=0.1)
    return (
        phase("encode", (10, 10, 10), examples=4, counts_as="codec"),
        phase("transfer", (1, 1, 1), asleep=True),
        phase("replay", NIGHTS, examples=8, counts_as="sleep", asleep=True, rate=rate),
        phase("dream", (1, 2, 4), examples=2, counts_as="sleep", asleep=True),
    )


COSTS = {"encode": 10, "transfer": 0, "replay": 10, "dream": 20}


def steps_of(phases):
    return {one.name: tuple(map(one.num_steps, range(3))) for one in phases}


def spent(phases):
    return sum(COSTS[name] * sum(steps) for name, steps in steps_of(phases).items())


def test_without_a_cap_or_below_it_phases_are_as_they_were(phases):
    assert within(phases, 3, [Cap("max_flops", 0.0, {})]) == phases
    assert within(phases, 3, [Cap("max_flops", 1140.0, COSTS)]) == phases


def test_nights_give_in_proportion_and_the_day_is_as_long_as_it_was(phases):
    # 300 + 840 operations; a half of the nights is left: (5, 10, 20), and of dream, rounded down, (0, ...).
    without_dream = phases[:3]
    capped = within(without_dream, 3, [Cap("max_flops", 300.0 + 350, COSTS)])
    assert steps_of(capped) == {
        "encode": (10, 10, 10),
        "transfer": (1, 1, 1),
        "replay": (5, 10, 20),
    }
    assert spent(capped) == 650


@pytest.mark.parametrize("limit", [1_200.0, 30_000.5, 1e9])
def test_a_run_stays_within_its_cap(phases, limit):
    longer = tuple(
        dataclasses.replace(one, num_steps=lambda task, one=one: 50 * one.num_steps(task))
        if one.asleep
        else one
        for one in phases
    )
    capped = within(longer, 3, [Cap("max_flops", limit, COSTS)])
    assert spent(capped) <= limit
    assert spent(capped) > min(0.9 * limit, spent(longer) - 1)


def test_of_several_caps_the_tighter_one_holds(phases):
    phases = phases[:3]
    examples = {one.name: one.examples for one in phases}
    # 120 examples by day and 560 by night: 400 leave a half.
    caps = [Cap("max_flops", 930.0, COSTS), Cap("max_examples", 400, examples)]
    assert steps_of(within(phases, 3, caps))["replay"] == (5, 10, 20)
    assert steps_of(within(phases, 3, caps[::-1]))["replay"] == (5, 10, 20)


def test_a_shortened_night_goes_through_the_whole_schedule(phases):
    (*_, full) = phases[:3]
    (*_, short) = within(phases[:3], 3, [Cap("max_flops", 650.0, COSTS)])
    task = jnp.int32(2)
    everything = np.array([full.rate(task, jnp.int32(step)) for step in range(40)])
    half = np.array([short.rate(task, jnp.int32(step)) for step in range(20)])
    # Step i of 20 has the rate of step 2 i + 1 of 40: both are the second of a pair.
    np.testing.assert_allclose(half, everything[1::2], rtol=1e-5)
    assert half[-1] == pytest.approx(0.001)


@pytest.mark.parametrize("limit", [200.0, 300.0, 1139.0])
def test_a_cap_that_leaves_a_night_without_a_step_is_an_error(phases, limit):
    # The shortest night of dream has one step: nothing can be left out. 300 + 840 / 1.
    message = rf"max_flops={limit:,.0f} is too small: what is not sleep takes 300 of it, .* at least 1,140"
    with pytest.raises(ValueError, match=message):
        within(phases, 3, [Cap("max_flops", limit, COSTS)])
    # 300 + 700 / 10
    with pytest.raises(ValueError, match="at least 370, or 0 for no cap"):
        within(phases[:3], 3, [Cap("max_flops", 369.0, COSTS)])
    assert steps_of(within(phases[:3], 3, [Cap("max_flops", 370.0, COSTS)]))["replay"] == (1, 2, 4)


def test_a_method_without_nights_cannot_be_shortened(phases):
    with pytest.raises(ValueError, match="what is not sleep takes 300 of it"):
        within(phases[:1], 3, [Cap("max_flops", 299.0, COSTS)])
