"""The reliability plot: points where bins have answers, and bars that add up to all of them."""

from typing import Any

import numpy as np
import pytest

from braincl_jax.report.figures.reliability import ReliabilityPlot

# Four bins, and one of confidence 1.
BINS = {
    "count": [0, 2, 0, 5, 3],
    "confidence": [None, 0.4, None, 0.9, 1.0],
    "accuracy": [None, 0.5, None, 0.6, 1.0],
}


def test_points_are_the_bins_with_answers_and_bars_all_of_them(summary_of):
    figure = ReliabilityPlot().draw(
        [summary_of([[0.5]], reliability=BINS, expected_calibration_error=0.17)]
    )
    assert figure is not None
    axes: Any = figure.axes[0]
    diagonal, line = axes.lines
    np.testing.assert_allclose(diagonal.get_xydata(), [[0, 0], [100, 100]])
    np.testing.assert_allclose(line.get_xydata(), [[40, 50], [90, 60], [100, 100]])
    bars = [(bar.get_x(), bar.get_width(), bar.get_height()) for bar in axes.patches]
    np.testing.assert_allclose(bars, [[0, 25, 0], [25, 25, 20], [50, 25, 0], [75, 25, 80]])
    assert axes.get_title(loc="left").endswith("error 17.0 %")


def test_its_size_does_not_follow_the_number_of_bins(summary_of, pixels_of):
    many = {name: [values[1]] * 10_001 for name, values in BINS.items()}
    few, more = (
        ReliabilityPlot().draw([summary_of([[0.5]], reliability=bins)]) for bins in (BINS, many)
    )
    assert few is not None and more is not None
    assert pixels_of(more) == pixels_of(few)


@pytest.mark.parametrize("bins", [None, {"count": [0], "confidence": [None], "accuracy": [None]}])
def test_a_run_that_nobody_asked_has_no_figure(summary_of, bins):
    changes = {} if bins is None else {"reliability": bins}
    assert ReliabilityPlot().draw([summary_of([[0.5]], **changes)]) is None
