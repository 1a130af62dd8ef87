"""The loss of each phase that has one."""

from braincl_jax.report.figures.loss_curves import MOST_PHASES, LossCurves


def test_every_phase_with_a_loss_has_a_plot(summary_of, curves_of):
    figure = LossCurves().draw([summary_of([[0.5]], curves=curves_of(3))])
    assert figure is not None
    assert [axes.get_xlabel() for axes in figure.axes] == ["steps of classify", "steps of replay"]
    assert [len(axes.lines) for axes in figure.axes] == [3, 3]


def test_a_phase_that_nobody_knows_is_drawn_because_it_has_a_loss(summary_of):
    dream = {"task": [0, 1], "step": [20, 40], "loss": [2.0, 1.0]}
    figure = LossCurves().draw([summary_of([[0.5]], curves={"dream $": dream})])
    assert figure is not None
    assert figure.axes[0].get_xlabel() == r"steps of dream \$"


def test_a_run_without_a_loss_has_no_figure(summary_of):
    assert LossCurves().draw([summary_of([[0.5]])]) is None
    assert LossCurves().draw([summary_of([[0.5]], curves={})]) is None


def test_of_very_many_phases_the_first_are_drawn(summary_of, curves_of):
    curves = {f"phase {k}": curves_of(1)["replay"] for k in range(100)}
    figure = LossCurves().draw([summary_of([[0.5]], curves=curves)])
    assert figure is not None
    assert len(figure.axes) == MOST_PHASES
