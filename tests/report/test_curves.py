"""Curves of a summary: what is read, and how tasks are told apart."""

import numpy as np
import pytest

from braincl_jax.report.curves import MOST_TASKS, curve, curve_panels, draw_by_task, phases_with

CURVES = {
    "encode": {"task": [0, 0], "step": [20, 40], "psnr_db": [20.0, 21.5]},
    "replay": {"task": [0, 0, 1], "step": [20, 40, 60], "loss": [0.5, None, 0.25]},
}


def test_points_that_were_not_measured_are_left_out():
    found = curve({"curves": CURVES}, "replay", "loss")
    assert found is not None
    assert [column.tolist() for column in found] == [[0, 1], [20, 60], [0.5, 0.25]]


@pytest.mark.parametrize("curves", [None, {}, {"replay": {}}, {"replay": {"loss": [None]}}])
def test_what_was_never_measured_is_none(curves):
    assert curve({"curves": curves}, "replay", "loss") is None
    assert curve({}, "replay", "loss") is None


def test_phases_are_found_by_what_they_measure():
    assert phases_with({"curves": CURVES}, "loss") == ["replay"]
    assert phases_with({"curves": CURVES}, "psnr_db") == ["encode"]
    assert phases_with({}, "loss") == []


@pytest.mark.parametrize(
    ("num_tasks", "lines"), [(1, 1), (5, 5), (MOST_TASKS, MOST_TASKS), (500, 1)]
)
def test_every_task_has_a_line_of_its_own_unless_there_are_many(curves_of, num_tasks, lines):
    found = curve({"curves": curves_of(num_tasks)}, "replay", "loss")
    assert found is not None
    _, (axes,) = curve_panels(1)
    draw_by_task(axes, found)
    assert len(axes.lines) == lines
    values = np.concatenate([np.asarray(line.get_ydata(), float) for line in axes.lines])
    np.testing.assert_array_equal(values, found.value)


def test_a_lone_point_can_be_seen():
    found = curve({"curves": CURVES}, "replay", "loss")
    assert found is not None
    _, (axes,) = curve_panels(1)
    draw_by_task(axes, found)
    assert [line.get_marker() for line in axes.lines] == ["o", "o"]
