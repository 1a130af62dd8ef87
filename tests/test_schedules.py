"""Learning rates: hand-computed, restarted in every task."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.schedules import warmup_cosine

PEAK, FINAL = 0.8, 0.2


@pytest.fixture(scope="module")
def schedule():
    """10 steps in task 0, 20 later, a fifth of them warm-up."""
    return warmup_cosine([10, 20, 20, 20], peak=PEAK, final=FINAL, warmup_fraction=0.2)


@pytest.fixture(scope="module")
def rate(schedule):
    """Rate before step `step` of the phase."""
    return lambda task, step: float(schedule(jnp.int32(task), jnp.int32(step)))


def test_the_rate_warms_up_linearly_and_wastes_no_step_at_nought(rate):
    # 2 warm-up steps in task 0, 4 later: step i uses the rate at i + 1.
    np.testing.assert_allclose([rate(0, 0), rate(0, 1)], [PEAK / 2, PEAK], rtol=1e-6)
    warm_up = [rate(1, step) for step in range(4)]
    np.testing.assert_allclose(warm_up, [PEAK / 4, PEAK / 2, 3 * PEAK / 4, PEAK], rtol=1e-6)


def test_the_cosine_is_half_way_down_in_the_middle_and_ends_at_the_final_rate(rate):
    # Task 0: the 8 steps after the warm-up; 4 of them done at count 6, i.e. before step 5.
    np.testing.assert_allclose(rate(0, 5), (PEAK + FINAL) / 2, rtol=1e-6)
    np.testing.assert_allclose(rate(0, 9), FINAL, rtol=1e-6)
    # A quarter of the way, cos(pi/4): count 4.
    quarter = FINAL + (PEAK - FINAL) * (1 + np.sqrt(0.5)) / 2
    np.testing.assert_allclose(rate(0, 3), quarter, rtol=1e-6)
    np.testing.assert_allclose(rate(1, 19), FINAL, rtol=1e-6)


def test_after_the_warm_up_the_rate_never_rises(rate):
    rates = [rate(2, step) for step in range(3, 20)]
    assert all(later <= earlier for earlier, later in itertools.pairwise(rates))


def test_all_later_tasks_have_the_same_rates(rate):
    assert [rate(3, step) for step in (0, 3, 12)] == [rate(1, step) for step in (0, 3, 12)]


def test_without_warm_up_the_first_step_is_already_on_the_cosine():
    schedule = warmup_cosine([4], peak=PEAK, final=FINAL, warmup_fraction=0.0)
    np.testing.assert_allclose(schedule(jnp.int32(0), jnp.int32(1)), (PEAK + FINAL) / 2, rtol=1e-6)


def test_a_phase_without_steps_still_has_a_schedule():
    schedule = warmup_cosine([0], peak=PEAK, final=FINAL, warmup_fraction=0.1)
    assert np.isfinite(schedule(jnp.int32(0), jnp.int32(0)))


def test_the_rate_is_the_same_under_jit(schedule, rate):
    compiled = jax.jit(schedule)
    np.testing.assert_allclose(compiled(jnp.int32(1), jnp.int32(7)), rate(1, 7), rtol=1e-6)
