"""The map of features: a colour a class, or a task where there are many classes."""

from typing import Any

import numpy as np

from braincl_jax.report.figures.feature_map import FeatureMap


def map_of(label) -> dict:
    number = len(label)
    return {
        "x": list(range(number)),
        "y": [2 * one for one in range(number)],
        "label": list(label),
        "share": [0.6, 0.3],
    }


def test_each_class_has_its_points_and_its_name(summary_of, classes_of):
    summary = summary_of([[0.5]], feature_map=map_of([0, 2, 0]), **classes_of(4))
    figure = FeatureMap().draw([summary])
    assert figure is not None
    axes: Any = figure.axes[0]
    points = [np.asarray(one.get_offsets()).tolist() for one in axes.collections]
    assert points == [[[0, 0], [2, 4]], [[1, 2]]]
    assert [text.get_text() for text in figure.legends[0].texts] == ["kind 0", "kind 2"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == (
        "60.0 % of the variance",
        "30.0 % of the variance",
    )


def test_of_many_classes_the_tasks_have_the_colours(summary_of):
    groups = [list(range(0, 20)), list(range(20, 40))]
    summary = summary_of([[0.5]], feature_map=map_of(range(40)), task_classes=groups)
    figure = FeatureMap().draw([summary])
    assert figure is not None
    assert [text.get_text() for text in figure.legends[0].texts] == ["task 0", "task 1"]
    assert [len(np.asarray(one.get_offsets())) for one in figure.axes[0].collections] == [20, 20]


def test_of_many_tasks_there_is_no_legend(summary_of, pixels_of):
    groups = [[one] for one in range(500)]
    summary = summary_of([[0.5]], feature_map=map_of(range(500)), task_classes=groups)
    figure = FeatureMap().draw([summary])
    assert figure is not None and not figure.legends and pixels_of(figure) < 3e6


def test_a_run_that_nobody_asked_has_no_figure(summary_of):
    assert FeatureMap().draw([summary_of([[0.5]])]) is None
