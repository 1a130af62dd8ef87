"""Registered figures become files, and a figure that fails takes nothing with it."""

from matplotlib.image import imread

from braincl_jax.report.drawing import draw_figures, embedded

TWO_TASKS = [[0.875, None], [0.675, 0.55]]
RUN = ["accuracy_curve", "accuracy_matrix", "memory_bill"]


def test_all_registered_figures_of_a_scope_are_drawn(tmp_path, summary_of):
    run = summary_of(TWO_TASKS)
    assert sorted(draw_figures(tmp_path, (), "run", [run])) == RUN
    compared = ["comparison_curve", "plasticity_stability"]
    assert sorted(draw_figures(tmp_path, (), "comparison", [run])) == compared
    names = [path.name for path in sorted(tmp_path.iterdir())]
    assert names == [f"{name}.png" for name in sorted([*RUN, *compared])]


def test_only_the_figures_asked_for_are_drawn_and_in_that_order(tmp_path, summary_of):
    asked = ["memory_bill", "comparison_curve", "accuracy_curve"]
    drawn = draw_figures(tmp_path, asked, "run", [summary_of(TWO_TASKS)])
    assert drawn == ["memory_bill", "accuracy_curve"]


def test_a_figure_from_elsewhere_is_drawn_without_an_edit(tmp_path, summary_of):
    drawn = draw_figures(tmp_path, (), "run", [summary_of(TWO_TASKS, marbles=3)])
    assert sorted(drawn) == sorted([*RUN, "marbles"])
    assert imread(tmp_path / "marbles.png").shape[:2] == (450, 600)


def test_a_figure_has_settings_of_its_own(tmp_path, summary_of):
    asked = ["marbles(width=6.0)", "marbles"]
    drawn = draw_figures(tmp_path, asked, "run", [summary_of(TWO_TASKS, marbles=3)])
    assert drawn == ["marbles_width_6_0", "marbles"]
    assert imread(tmp_path / "marbles_width_6_0.png").shape[:2] == (450, 900)


def test_a_figure_that_fails_is_a_warning(tmp_path, summary_of, caplog):
    drawn = draw_figures(tmp_path, (), "run", [summary_of(TWO_TASKS, broken=True)])
    assert sorted(drawn) == RUN
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "broken was not drawn: 'no such figure in the summary'" in record.getMessage()


def test_a_figure_too_large_for_a_machine_is_a_warning(tmp_path, summary_of, caplog):
    assert draw_figures(tmp_path, ["giant"], "run", [summary_of(TWO_TASKS, giant=True)]) == []
    assert "30,000,000 pixels, got 400000 x 400000" in caplog.text
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_nobody_registered_is_a_warning(tmp_path, summary_of, caplog):
    drawn = draw_figures(tmp_path, ["no_such", "memory_bill"], "run", [summary_of(TWO_TASKS)])
    assert drawn == ["memory_bill"]
    assert "no_such was not drawn" in caplog.text


def test_letters_that_the_font_lacks_are_no_warning(tmp_path, summary_of, caplog):
    # Warnings are errors here, and an error in a figure is one in the log.
    summary = summary_of([[0.5]], class_accuracy=[0.5], class_names=["漢字"])
    assert draw_figures(tmp_path, ["class_accuracy"], "run", [summary]) == ["class_accuracy"]
    assert not caplog.records


def test_images_are_embedded_by_name():
    assert embedded(["memory_bill"]) == ["![memory bill](memory_bill.png)"]
