"""The curves of many methods."""

import numpy as np
import pytest

from braincl_jax.report.figures.comparison_curve import ComparisonCurve


def runs_of(summary_of, method, finals, **changes):
    return [
        summary_of([[0.9, None], [final, final]], method=method, seed=seed, **changes)
        for seed, final in enumerate(finals)
    ]


def test_a_line_is_the_mean_over_seeds_and_the_legend_says_the_last_value(summary_of):
    runs = [*runs_of(summary_of, "a", [0.7, 0.74, 0.78]), *runs_of(summary_of, "b", [0.5])]
    figure = ComparisonCurve().draw(runs)
    assert figure is not None
    lines = figure.axes[0].lines
    np.testing.assert_allclose(np.array(lines[0].get_ydata(), float), [90, 74])
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["a\n74.00 ± 4.00 %, 3,700 bytes", "b\n50.00 %, 3,700 bytes"]


def test_runs_without_a_matrix_are_left_out(summary_of):
    blind = runs_of(summary_of, "b", [0.5], accuracy_matrix=None)
    figure = ComparisonCurve().draw([*runs_of(summary_of, "a", [0.5]), *blind])
    assert figure is not None
    assert len(figure.axes[0].lines) == 1
    assert ComparisonCurve().draw(blind) is None


@pytest.mark.parametrize(("methods", "height"), [(1, 540), (9, 540), (20, 1200), (200, 1800)])
def test_the_plot_grows_with_its_legend_up_to_a_bound(tmp_path, summary_of, methods, height):
    runs = [run for k in range(methods) for run in runs_of(summary_of, f"method ${k}", [0.5])]
    figure = ComparisonCurve().draw(runs)
    assert figure is not None
    assert figure.get_size_inches()[1] * figure.dpi == pytest.approx(height)
    if methods < 100:
        figure.savefig(tmp_path / "c.png")


def test_five_hundred_tasks_are_drawn(tmp_path, summary_of, matrix_of):
    matrix = matrix_of(500)
    figure = ComparisonCurve().draw([summary_of(matrix, seed=seed) for seed in range(2)])
    assert figure is not None
    figure.savefig(tmp_path / "c.png")


def test_runs_that_are_not_equal_are_not_drawn(summary_of):
    with pytest.raises(ValueError, match="differ in dataset"):
        ComparisonCurve().draw(
            [*runs_of(summary_of, "a", [0.5]), *runs_of(summary_of, "b", [0.5], dataset="npz:x")]
        )
