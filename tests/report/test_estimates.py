"""Estimates by hand, and beside SciPy's tests."""

import numpy as np
import pytest
from scipy import stats

from braincl_jax.report.estimates import (
    Difference,
    Estimate,
    area_over_log,
    estimate,
    paired_difference,
)


def test_a_mean_and_its_deviation():
    assert estimate([1.0, 2.0, 3.0]) == Estimate(2.0, 1.0, 3)
    assert estimate([4.0]) == Estimate(4.0, None, 1)
    assert estimate([]) is None


def test_differences_are_of_equal_seeds():
    # Differences 1 and 3: mean 2, deviation sqrt(2); t of 1 degree of freedom at 97.5 % is 12.706 (published tables).
    found = paired_difference({0: 5.0, 1: 9.0, 7: 100.0}, {1: 6.0, 0: 4.0, 8: -100.0})
    assert found is not None
    assert (found.mean, found.number) == (2.0, 2)
    assert found.margin == pytest.approx(12.706, abs=1e-3)
    assert found.interval == (found.mean - 12.706204736174694, pytest.approx(14.7062047))


def test_one_seed_has_no_interval_and_none_no_difference():
    assert paired_difference({0: 5.0}, {0: 3.0}) == Difference(2.0, None, 1)
    assert Difference(2.0, None, 1).interval is None
    assert paired_difference({0: 5.0}, {1: 3.0}) is None


@pytest.mark.parametrize("confidence", [0.95, 0.99])
def test_intervals_are_those_of_the_paired_t_test(confidence):
    rng = np.random.default_rng(0)
    one, other = rng.normal(1, 2, (2, 7))
    found = paired_difference(dict(enumerate(one)), dict(enumerate(other)), confidence)
    expected = stats.ttest_rel(one, other).confidence_interval(confidence)
    assert found is not None and found.interval is not None
    np.testing.assert_allclose(found.interval, (expected.low, expected.high), rtol=1e-10)


def test_an_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(1000):
        seeds = rng.normal(0, 10, 3)  # what both share
        one, other = (dict(enumerate(seeds + rng.normal(0, 1, 3))) for _ in range(2))
        found = paired_difference(one, other)
        assert found is not None and found.margin is not None
        covered += abs(found.mean) <= found.margin
    assert 0.93 < covered / 1000 < 0.97


def test_an_area_is_the_mean_height_over_the_logarithm():
    # Over 1, 10, 100: (2 + 4) / 2 and (4 + 8) / 2 over ranges of the same length.
    assert area_over_log([100, 1, 10], [8, 2, 4]) == pytest.approx((3 + 6) / 2)
    # Over 1, 10, 1000 the second range is twice as long.
    assert area_over_log([1, 10, 1000], [2, 4, 8]) == pytest.approx((3 + 2 * 6) / 3)
    assert area_over_log([5, 50], [7, 7]) == pytest.approx(7)
    with pytest.raises(ValueError, match="an area needs a range of x"):
        area_over_log([3, 3], [1, 2])
