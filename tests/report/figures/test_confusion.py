"""The confusion matrix, and what stands for it."""

from typing import Any

import numpy as np
import pytest

from braincl_jax.report.figures.confusion import MOST_PAIRS, Confusion


def test_the_share_of_each_true_class_is_shown(summary_of, classes_of):
    figure = Confusion().draw([summary_of([[0.5]], **classes_of(3))])
    assert figure is not None
    axes = figure.axes[0]
    # Ten images a class: 0, 1 and 2 of them are taken for the next class.
    expected = [[100, 0, 0], [0, 90, 10], [20, 0, 80]]
    np.testing.assert_allclose(np.asarray(axes.images[0].get_array()), expected)
    assert [text.get_text() for text in axes.texts] == ["100", "90", "10", "20", "80"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["kind 0", "kind 1", "kind 2"]
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("true class", "predicted class")


def test_a_class_without_test_images_has_an_empty_row(summary_of):
    figure = Confusion().draw([summary_of([[0.5]], confusion_matrix=[[1, 1], [0, 0]])])
    assert figure is not None
    shares = np.asarray(figure.axes[0].images[0].get_array())
    np.testing.assert_array_equal(shares, [[50, 50], [0, 0]])


@pytest.mark.parametrize(("num_classes", "names"), [(40, 40), (41, 14), (256, 20)])
def test_of_many_classes_some_names_are_shown_and_no_numbers(
    summary_of, classes_of, num_classes, names
):
    figure = Confusion().draw([summary_of([[0.5]], **classes_of(num_classes))])
    assert figure is not None
    assert len(figure.axes[0].get_yticks()) == names
    assert len(figure.axes[0].texts) == 0
    assert np.asarray(figure.axes[0].images[0].get_array()).shape == (num_classes, num_classes)


def test_the_most_frequent_confusions_stand_for_a_matrix_that_is_too_large(summary_of, classes_of):
    figure = Confusion().draw([summary_of([[0.5]], **classes_of(1000, matrix=False))])
    assert figure is not None
    axes: Any = figure.axes[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert (len(names), names[0]) == (MOST_PAIRS, "kind 9 → kind 10")
    assert {bar.get_width() for bar in axes.patches} == {9}


def test_a_run_that_nobody_asked_or_that_errs_nowhere_has_no_figure(summary_of):
    assert Confusion().draw([summary_of([[0.5]])]) is None
    assert Confusion().draw([summary_of([[0.5]], frequent_confusions=[])]) is None
