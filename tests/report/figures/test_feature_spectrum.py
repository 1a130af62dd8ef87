"""The spectrum: ranks over tasks, and shares of the singular values."""

from typing import Any

import numpy as np
import pytest

from braincl_jax.report.figures.feature_spectrum import FeatureSpectrum


def test_ranks_are_on_the_left_and_the_spectrum_on_the_right(summary_of):
    summary = summary_of(
        [[0.5]], effective_rank_by_task=[3.5, 4.25], feature_spectrum=[0.75, 0.25, 0.0]
    )
    figure = FeatureSpectrum().draw([summary])
    assert figure is not None
    left, right = figure.axes
    lines: list[Any] = [left.lines[0], right.lines[0]]
    np.testing.assert_allclose(lines[0].get_xydata(), [[0, 3.5], [1, 4.25]])
    # A logarithm of 0 has no place.
    np.testing.assert_allclose(lines[1].get_xydata(), [[1, 75], [2, 25]])


@pytest.mark.parametrize("changes", [{}, {"effective_rank_by_task": [1.0]}])
def test_a_run_that_nobody_asked_has_no_figure(summary_of, changes):
    assert FeatureSpectrum().draw([summary_of([[0.5]], **changes)]) is None
