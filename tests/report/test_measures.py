"""Measures of a comparison, in numbers that can be worked out by hand."""

import pytest

from braincl_jax.report.cases import cases_of
from braincl_jax.report.measures import COSTS, SIZES, areas, declared


@pytest.fixture
def run_of(summary_of):
    return lambda method, seed, **changes: summary_of([[1.0]], method=method, seed=seed, **changes)


def test_what_runs_declare_is_a_measure_in_the_unit_that_is_shown(run_of):
    runs = [run_of("a", 0, final_accuracy=0.5), run_of("a", 1, final_accuracy=0.7)]
    runs += [run_of("b", 1, final_accuracy=0.9), run_of("b", 2, final_accuracy=None)]
    one, other = cases_of(runs)
    final, *_ = declared(runs)
    assert (final.key, final.title) == ("final_accuracy", "final accuracy (%)")
    assert final.by_seed(other) == {1: 90.0}
    assert final.of(one) == pytest.approx((60, 200**0.5, 2))
    difference = final.between(one, other)
    assert difference is not None
    assert (round(difference.mean, 9), *difference[1:]) == (-20, None, 1)


def test_sizes_and_costs_of_a_run_and_none_of_one_that_does_not_tell(run_of):
    compute = {
        "examples": {"a": 5, "b": 6},
        "updates": {"a": 1},
        "flops": {"b": 2 * 10**12},
        "peak_bytes": {"b": 7},
    }
    told = run_of("a", 0, compute=compute)
    values = {one.key: one.value(told) for one in (*SIZES, *COSTS)}
    assert values == {
        **{"memory_bytes": 3700, "num_cues": 1234, "minutes": 1.5},
        **{"examples": 11, "updates": 1, "teraflops": 2.0, "peak_bytes": 7},
    }
    assert [one.value({}) for one in (*SIZES, *COSTS)] == [None] * 7


def test_areas_are_of_the_seeds_that_have_all_budgets(run_of):
    def runs(method, budget, finals):
        return [
            run_of(method, seed, budget_bytes=budget, final_accuracy=final)
            for seed, final in finals.items()
        ]

    found = areas(
        cases_of(
            [
                *runs("a", 100, {0: 0.2, 1: 0.4, 2: 0.9}),
                *runs("a", 10_000, {0: 0.6, 1: 0.8}),
                *runs("a", 1000, {0: 0.4, 1: 0.6}),
                *runs("b", 100, {0: 0.5}),
            ]
        )
    )
    (one,) = found
    assert (one.method, one.budgets) == ("a", (100, 1000, 10_000))
    # (0.3 + 0.5) / 2 and (0.5 + 0.7) / 2
    assert one.accuracy == pytest.approx((0.5, 0.02**0.5, 2))
