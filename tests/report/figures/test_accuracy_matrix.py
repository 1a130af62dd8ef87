"""The matrix of one run: numbers where they can be read, and a size that stops growing."""

import pytest

from braincl_jax.report.figures.accuracy_matrix import AccuracyMatrix


def test_every_number_on_and_below_the_diagonal_is_written(summary_of):
    figure = AccuracyMatrix().draw([summary_of([[0.875, None], [0.675, 0.55]])])
    assert figure is not None
    assert [text.get_text() for text in figure.axes[0].texts] == ["87.5", "67.5", "55.0"]


@pytest.mark.parametrize(("num_tasks", "numbers"), [(30, 30 * 31 // 2), (31, 0), (500, 0)])
def test_many_tasks_are_colours_alone_and_take_no_more_pixels(
    tmp_path, summary_of, matrix_of, pixels_of, num_tasks, numbers
):
    figure = AccuracyMatrix().draw([summary_of(matrix_of(num_tasks))])
    assert figure is not None
    assert len(figure.axes[0].texts) == numbers
    assert len(figure.axes[0].get_xticks()) <= 30
    assert pixels_of(figure) < 6_000_000
    figure.savefig(tmp_path / "matrix.png")


def test_a_run_without_a_matrix_has_no_figure(summary_of):
    assert AccuracyMatrix().draw([summary_of([[0.5]], accuracy_matrix=None)]) is None
