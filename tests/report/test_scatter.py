"""Points of methods in a plane."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from braincl_jax.report.cases import cases_of
from braincl_jax.report.scatter import MOST_NAMES, Point, colours_of, draw_points, dress_plane


def drawn(points) -> Any:
    axes = Figure().subplots()
    draw_points(axes, points, colours_of([point.case for point in points]))
    dress_plane(axes, "x", "y", log=True)
    return axes


def test_points_of_a_method_are_joined_from_left_to_right_and_named_once(summary_of):
    runs = [
        summary_of([[1.0]], method=method, budget_bytes=budget)
        for method, budget in [("a $", 9), ("a $", 1), ("b", 1)]
    ]
    large, small, other = cases_of(runs)
    axes = drawn([Point(large, [8, 10], [3, 5]), Point(small, [1], [2]), Point(other, [4], [7])])
    np.testing.assert_allclose(axes.lines[0].get_xydata(), [[1, 2], [9, 4]])
    np.testing.assert_allclose(axes.lines[1].get_xydata(), [[4, 7]])
    assert [text.get_text() for text in axes.texts] == [r"a \$", "b"]
    assert axes.lines[0].get_color() != axes.lines[1].get_color()
    assert axes.get_xscale() == "log"
    shown = [text.get_text() for text in axes.get_xticklabels() if text.get_text()]
    assert {"1", "2", "5"} <= set(shown)
    assert not any(text.get_text() for text in axes.get_xticklabels(minor=True))


def test_many_methods_go_without_names(summary_of):
    cases = cases_of([summary_of([[1.0]], method=f"m {k}") for k in range(MOST_NAMES + 1)])
    axes = drawn([Point(case, [1 + k], [k]) for k, case in enumerate(cases)])
    assert {text.get_text() for text in axes.texts} == {""}


def test_names_of_points_that_lie_close_do_not_lie_upon_each_other(summary_of):
    cases = cases_of([summary_of([[1.0]], method=f"m {k}") for k in range(5)])
    heights = [70.0, 70.2, 70.4, 70.1, 90.0]
    axes = drawn(
        [
            Point(case, [1 + k / 100], [y])
            for k, (case, y) in enumerate(zip(cases, heights, strict=True))
        ]
    )
    axes.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in axes.texts]
    for number, one in enumerate(boxes):
        assert not any(one.overlaps(other) for other in boxes[:number])
    # What is by itself stays where it was.
    np.testing.assert_allclose(axes.texts[4].xyann, (5, 4))
