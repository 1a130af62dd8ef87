"""Accuracy of each class."""

import pytest

from braincl_jax.report import style
from braincl_jax.report.figures.class_accuracy import MOST_CLASSES, ClassAccuracy


def labels(figure):
    return [label.get_text() for label in figure.axes[0].get_yticklabels()]


def bars(figure):
    return [bar.get_width() for bar in figure.axes[0].patches]


def test_every_class_has_a_bar_with_its_name_in_the_colour_of_its_task(summary_of, classes_of):
    groups = {"task_classes": [[0, 1], [2, 3]]}
    summary = summary_of([[0.5, None], [0.5, 0.5]], **groups, **classes_of(4))
    figure = ClassAccuracy().draw([summary])
    assert figure is not None
    assert labels(figure) == ["kind 0", "kind 1", "kind 2", "kind 3"]
    assert bars(figure) == pytest.approx([100, 90, 80, 70])
    colours = [bar.get_facecolor() for bar in figure.axes[0].patches]
    assert colours[0] == colours[1] != colours[2] == colours[3]
    assert [text.get_text() for text in figure.axes[0].texts] == ["100.0", "90.0", "80.0", "70.0"]


def test_of_many_classes_the_worst_and_the_best_are_shown_in_order(summary_of, classes_of):
    figure = ClassAccuracy().draw([summary_of([[0.5]], **classes_of(1000))])
    assert figure is not None
    # Of ten classes one has 10 %, and one 100 %.
    assert bars(figure) == pytest.approx([10] * (MOST_CLASSES // 2) + [100] * (MOST_CLASSES // 2))
    assert labels(figure)[0] == "kind 9"
    assert figure.axes[0].get_title("left").endswith("of 1,000 classes")


def test_a_class_without_test_images_is_left_out(summary_of):
    figure = ClassAccuracy().draw([summary_of([[0.5]], class_accuracy=[0.5, None])])
    assert figure is not None
    assert labels(figure) == ["0"]


def test_a_run_that_nobody_asked_has_no_figure(summary_of):
    assert ClassAccuracy().draw([summary_of([[0.5]])]) is None


@pytest.mark.parametrize("name", ["$", "a\nb", "x" * 10_000, "漢字", ""])
def test_any_name_of_a_class_can_be_drawn(tmp_path, summary_of, name, pixels_of):
    figure = ClassAccuracy().draw([summary_of([[0.5]], class_accuracy=[0.5], class_names=[name])])
    assert figure is not None
    assert len(labels(figure)[0]) <= style.LONGEST_NAME + 1
    assert pixels_of(figure) < 1_000_000
