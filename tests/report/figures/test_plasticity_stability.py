"""Plasticity against stability: where the points lie."""

import numpy as np
import pytest

from braincl_jax.report.figures.plasticity_stability import PlasticityStability


def test_a_point_is_the_mean_over_seeds_of_both_measures(summary_of):
    # Learned to 0.8 and 0.6, of the first a half is kept; by the other seed to 0.6 and 0.4, all of it.
    runs = [
        summary_of([[0.8, None], [0.4, 0.6]], method="a", seed=0),
        summary_of([[0.6, None], [0.6, 0.4]], method="a", seed=1),
        summary_of([[0.9, None], [0.9, 0.7]], method="b", seed=0, test_sizes=[10, 30]),
    ]
    figure = PlasticityStability().draw(runs)
    assert figure is not None
    found = [np.array(line.get_xydata()) for line in figure.axes[0].lines]
    # By image: a task of 30 counts three times as much as one of 10.
    for expected in ([[75, 60]], [[100, 75]]):
        assert any(line.shape == (1, 2) and np.allclose(line, expected) for line in found)


@pytest.mark.parametrize("runs", [[{"accuracy_matrix": None}], [{"num_tasks": 1}]])
def test_runs_of_one_task_or_without_a_matrix_are_not_drawn(summary_of, runs):
    assert PlasticityStability().draw([summary_of([[0.5]], **run) for run in runs]) is None
