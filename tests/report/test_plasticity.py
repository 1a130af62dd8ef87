"""Plasticity by hand: tasks just learned, less the same learned alone."""

import pytest

from braincl_jax.report.cases import cases_of
from braincl_jax.report.document import Heading, Paragraph, Table
from braincl_jax.report.plasticity import just_learned, plasticity_section


@pytest.fixture
def run_of(summary_of):
    def make(method, seed, first, second, **changes):
        matrix = [[first, None], [0.1, second]]
        return summary_of(matrix, method=method, seed=seed, task_aware_matrix=matrix, **changes)

    return make


def test_it_is_the_mean_of_the_diagonal(run_of):
    assert just_learned(run_of("a", 0, 0.5, 0.75)) == 62.5
    assert just_learned({"seed": 0}) is None


def test_differences_are_those_of_equal_seeds(run_of):
    runs = [
        *(run_of("braincl", seed, 0.8, 0.9) for seed in (0, 1, 2)),
        *(run_of("alone", seed, 0.9 + 0.02 * seed, 0.9) for seed in (0, 1, 2)),
        run_of("joint", 7, 0.8, 0.8),
    ]
    heading, table, note = plasticity_section(cases_of(runs))
    assert heading == Heading("Plasticity") and isinstance(note, Paragraph)
    assert isinstance(table, Table)
    # Differences -5, -6, -7: deviation 1; t of 2 degrees of freedom is 4.303; 4.303 / sqrt(3) = 2.48.
    assert table.rows == [
        ["braincl", "85.00 ± 0.00", "-6.00 [-8.48, -3.52]"],
        ["joint", "80.00", "n/a"],
    ]


def test_without_networks_that_learned_alone_there_is_no_such_table(run_of):
    runs = [run_of("braincl", 0, 0.8, 0.9), run_of("joint", 0, 0.8, 0.9)]
    assert plasticity_section(cases_of(runs)) == []
