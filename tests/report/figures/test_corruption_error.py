"""Errors by corruption: a number for each, and the clean error in the title."""

from typing import Any

import numpy as np

from braincl_jax.report.figures.corruption_error import CorruptionError

ERRORS = {
    "clean": 0.125,
    "severities": [1, 3],
    "by_severity": {"gaussian_noise": [0.25, 0.5], "fog": [0.2, 1.0], "frost": [0, 0.3]},
}


def test_a_square_has_the_error_of_its_corruption_and_severity(summary_of):
    figure = CorruptionError().draw([summary_of([[0.5]], corruption_error=ERRORS)])
    assert figure is not None
    axes: Any = figure.axes[0]
    np.testing.assert_allclose(axes.images[0].get_array(), [[25, 50], [20, 100], [0, 30]])
    assert [text.get_text() for text in axes.texts] == [
        "25.0",
        "50.0",
        "20.0",
        "100.0",
        "0.0",
        "30.0",
    ]
    assert [text.get_text() for text in axes.get_yticklabels()] == [
        "gaussian noise",
        "fog",
        "frost",
    ]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["1", "3"]
    assert axes.get_title(loc="left") == "Error (%); clean: 12.5"


def test_a_run_that_nobody_asked_has_no_figure(summary_of):
    assert CorruptionError().draw([summary_of([[0.5]])]) is None
