"""Points over bytes."""

import numpy as np
import pytest

from braincl_jax.report.figures.accuracy_over_bytes import AccuracyOverBytes


def runs_of(summary_of, method, finals, size, **changes):
    return [
        summary_of(
            [[0.9, None], [final, final]],
            method=method,
            seed=seed,
            final_accuracy=final,
            memory_bytes={"strings": size, "total": size},
            **changes,
        )
        for seed, final in enumerate(finals)
    ]


def points(axes) -> list[list[float]]:
    return [[float(line.get_xdata()[0]), float(line.get_ydata()[0])] for line in axes.lines]


def test_a_point_is_the_mean_over_seeds_at_the_bytes_of_the_memory(summary_of):
    small = runs_of(summary_of, "small", [0.5, 0.7], 1000, recall_psnr_db=24.0)
    large = runs_of(summary_of, "large", [0.8], 9000, recall_psnr_db=None)
    figure = AccuracyOverBytes().draw([*small, *large])
    assert figure is not None
    left, right = figure.axes
    np.testing.assert_allclose(points(left), [[1000, 60], [9000, 80]])
    np.testing.assert_allclose(points(right), [[1000, 24]])
    assert [text.get_text() for text in left.texts] == ["small", "large"]


def test_where_nothing_is_recalled_accuracy_stands_alone(summary_of):
    blind = [
        *runs_of(summary_of, "a", [0.5], 1000, recall_psnr_db=None),
        *runs_of(summary_of, "b", [0.6], 2000, recall_psnr_db=None),
    ]
    figure = AccuracyOverBytes().draw(blind)
    assert figure is not None
    assert len(figure.axes) == 1


def test_memories_of_one_size_or_none_at_all_are_not_drawn(summary_of):
    alike = [*runs_of(summary_of, "a", [0.5], 1000), *runs_of(summary_of, "b", [0.6], 1000)]
    assert AccuracyOverBytes().draw(alike) is None
    blind = runs_of(summary_of, "c", [0.6], 500, accuracy_matrix=None)
    assert AccuracyOverBytes().draw([*alike, *blind]) is None


def test_many_points_go_without_names(tmp_path, summary_of):
    runs = [run for k in range(60) for run in runs_of(summary_of, f"m ${k}", [0.5], 100 + k)]
    figure = AccuracyOverBytes().draw(runs)
    assert figure is not None
    assert {text.get_text() for text in figure.axes[0].texts} == {""}
    figure.savefig(tmp_path / "a.png")


def test_runs_that_are_not_equal_are_not_drawn(summary_of):
    with pytest.raises(ValueError, match="differ in dataset"):
        AccuracyOverBytes().draw(
            [
                *runs_of(summary_of, "a", [0.5], 100),
                *runs_of(summary_of, "b", [0.5], 200, dataset="npz:x"),
            ]
        )
