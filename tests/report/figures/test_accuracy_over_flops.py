"""Points over operations."""

import numpy as np

from braincl_jax.report.figures.accuracy_over_flops import AccuracyOverFlops


def run_of(summary_of, seed, final, flops, **changes):
    compute = {"flops": {"encode": flops / 4, "replay": 3 * flops / 4}}
    known = {"final_accuracy": final, "seed": seed, "compute": compute}
    return summary_of([[0.9, None], [final, final]], **known | changes)


def test_a_point_is_the_mean_over_seeds_and_caps_of_a_method_are_joined(summary_of):
    runs = [
        run_of(summary_of, 0, 0.5, 2e12, max_flops=2e12),
        run_of(summary_of, 1, 0.7, 2e12, max_flops=2e12),
        run_of(summary_of, 0, 0.8, 6e12),
    ]
    figure = AccuracyOverFlops().draw(runs)
    assert figure is not None
    (line,) = figure.axes[0].lines
    np.testing.assert_allclose(np.array(line.get_xydata()), [[2, 60], [6, 80]])


def test_runs_that_do_not_tell_are_left_out(summary_of):
    old = summary_of([[0.9]])
    assert AccuracyOverFlops().draw([old]) is None
    figure = AccuracyOverFlops().draw([old, run_of(summary_of, 0, 0.5, 1e12, num_tasks=1)])
    assert figure is not None
    assert len(figure.axes[0].lines) == 1
