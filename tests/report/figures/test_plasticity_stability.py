"""Points of the evaluator `balance`."""

import numpy as np

from braincl_jax.report.figures.plasticity_stability import PlasticityStability


def test_a_point_is_the_mean_over_seeds(summary_of):
    runs = [
        summary_of([[0.9]], seed=0, stability=0.5, learning_accuracy=0.9),
        summary_of([[0.9]], seed=1, stability=0.7, learning_accuracy=0.8),
        summary_of([[0.9]], seed=2),
    ]
    figure = PlasticityStability().draw(runs)
    assert figure is not None
    (line,) = figure.axes[0].lines
    np.testing.assert_allclose(np.array(line.get_xydata()), [[60, 85]])
    assert PlasticityStability().draw(runs[2:]) is None
