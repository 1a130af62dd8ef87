"""The curve of one run."""

import time

import numpy as np
import pytest

from braincl_jax.report.figures.accuracy_curve import AccuracyCurve


@pytest.mark.parametrize(("num_tasks", "labels"), [(1, 1), (11, 11), (50, 10)])
def test_numbers_along_the_curve_have_room_however_many_tasks_there_are(
    summary_of, matrix_of, num_tasks, labels
):
    figure = AccuracyCurve().draw([summary_of(matrix_of(num_tasks))])
    assert figure is not None
    texts = [text.get_text() for text in figure.axes[0].texts]
    # All but half of the images of task 0.
    assert (len(texts), texts[0]) == (labels, f"{100 * (num_tasks - 0.5) / num_tasks:.1f}")


def test_the_line_holds_the_curve_in_percent(summary_of):
    figure = AccuracyCurve().draw([summary_of([[0.875, None], [0.675, 0.55]])])
    assert figure is not None
    drawn = np.array(figure.axes[0].lines[0].get_ydata(), float)
    np.testing.assert_allclose(drawn, [87.5, 61.25])


def test_a_run_without_a_matrix_has_no_curve(summary_of):
    assert AccuracyCurve().draw([summary_of([[0.5]], accuracy_matrix=None)]) is None


def test_five_hundred_tasks_take_no_time(summary_of, matrix_of, pixels_of):
    summary, start = summary_of(matrix_of(500)), time.process_time()
    figure = AccuracyCurve().draw([summary])
    assert figure is not None
    assert pixels_of(figure) == 900 * 540
    assert time.process_time() - start < 10
