"""AUROC by source: a bar for each score."""

from typing import Any

import pytest

from braincl_jax.report.figures.out_of_distribution import OutOfDistribution, short_source

FIGURES = {
    "npz:a.npz": {"energy_auroc": 0.75, "energy_aupr_in": 0.1, "nearest_auroc": 0.5},
    "images:textures": {"energy_auroc": 1.0, "energy_aupr_in": 0.2, "nearest_auroc": 0.25},
}


def test_a_bar_is_the_auroc_of_a_source_by_a_score(summary_of):
    figure = OutOfDistribution().draw([summary_of([[0.5]], out_of_distribution=FIGURES)])
    assert figure is not None
    axes: Any = figure.axes[0]
    widths = [[bar.get_width() for bar in group] for group in axes.containers]
    assert widths == [[75, 100], [50, 25]]
    assert [text.get_text() for text in figure.legends[0].texts] == ["energy", "nearest"]
    assert [text.get_text() for text in axes.get_yticklabels()] == list(FIGURES)


def test_many_sources_are_cut_and_long_names_keep_their_end(summary_of, pixels_of):
    many = {f"npz:{number}": FIGURES["npz:a.npz"] for number in range(500)}
    figure = OutOfDistribution().draw([summary_of([[0.5]], out_of_distribution=many)])
    assert figure is not None and pixels_of(figure) < 3e6
    assert short_source("npz:/very/long/path/to/some/data/cifar10.npz").endswith("data/cifar10.npz")
    assert len(short_source("x" * 99)) == 28


@pytest.mark.parametrize("changes", [{}, {"out_of_distribution": {}}])
def test_a_run_that_nobody_asked_has_no_figure(summary_of, changes):
    assert OutOfDistribution().draw([summary_of([[0.5]], **changes)]) is None
