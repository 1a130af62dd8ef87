"""Axes of every figure: they do not fill up, and nothing is left behind in matplotlib."""

import matplotlib
import pytest

from braincl_jax.report import style


@pytest.mark.parametrize(("num_tasks", "ticks"), [(1, 1), (19, 19), (20, 10), (500, 20)])
def test_ticks_have_room_however_many_tasks_there_are(num_tasks, ticks):
    assert len(style.task_ticks(num_tasks)) == ticks
    assert style.task_ticks(num_tasks)[0] == 0


def test_axes_leave_the_settings_of_matplotlib_alone():
    before = dict(matplotlib.rcParams)
    figure, axes = style.accuracy_axes(6, 500)
    assert dict(matplotlib.rcParams) == before
    assert tuple(figure.get_size_inches()) == (6, 3.6)
    assert axes.get_xlim() == (-0.3, 499.3)


def test_lines_of_many_points_have_no_markers():
    assert style.marker(5, 2) == style.MARKERS[0]
    assert style.marker(5, 500) is None


def test_lines_of_the_same_colour_have_other_strokes():
    number = len(style.COLOURS)
    assert [style.stroke(index) for index in (0, number - 1, number, 2 * number)] == [
        *("-", "-", "--", ":")
    ]


def test_a_dollar_in_a_name_is_a_dollar(tmp_path):
    figure, _ = style.blank_axes(4, 3, style.plain(r"no $\wake$, 5 $"))
    figure.savefig(tmp_path / "title.png")
    assert (tmp_path / "title.png").stat().st_size > 0


def test_a_long_name_is_cut_and_stays_on_one_line():
    assert style.short("two\nlines, 5 $") == r"two lines, 5 \$"
    assert style.short("x" * 100) == "x" * 27 + "…"
    assert style.short("x" * 28) == "x" * 28
