"""Representation: ranks by hand, scikit-learn's components, and the same images after every task."""

import json
import types
from typing import Any

import numpy as np
import pytest
from scipy.stats import entropy
from sklearn.decomposition import PCA

from braincl_jax.evaluators import Exam
from braincl_jax.evaluators.representation import (
    Representation,
    components,
    effective_rank,
    rounded,
)


@pytest.mark.parametrize(
    ("values", "rank"), [([3, 3, 3, 3], 4), ([5, 0, 0], 1), ([0, 0], 1), ([2, 2, 0, 0], 2)]
)
def test_the_effective_rank_of_equal_values_is_their_number(values, rank):
    assert effective_rank(np.array(values, np.float64)) == pytest.approx(rank)


def test_the_effective_rank_is_exp_of_scipys_entropy():
    values = np.random.default_rng(0).exponential(1, 20)
    assert effective_rank(values) == pytest.approx(np.exp(entropy(values)))


def test_components_are_those_of_scikit_learn_up_to_the_sign_of_an_axis():
    rng = np.random.default_rng(1)
    features = rng.normal(5, 1, (50, 8)).astype(np.float32) * np.arange(1, 9, dtype=np.float32)
    found, theirs = components(features), PCA().fit(features.astype(np.float64))
    np.testing.assert_allclose(found.values, theirs.singular_values_, rtol=1e-5)
    places = theirs.transform(features.astype(np.float64))[:, :2]
    np.testing.assert_allclose(np.abs(found.places), np.abs(places), rtol=1e-4, atol=1e-4)


def test_the_sign_of_an_axis_is_that_of_its_largest_entry():
    # Along (-3, 1): the axis is (3, -1), so what has a large first feature lies to the right.
    features = np.outer([0.0, 1, 2, 3], [-3.0, 1])
    for one in (features, features[::-1]):
        order = np.argsort(components(one).places[:, 0])
        np.testing.assert_array_equal(order, np.argsort(one[:, 0]))


def test_pictures_get_four_digits():
    assert rounded(np.array([12345.678, -0.000123456, 0])) == [12350.0, -0.0001235, 0.0]


def exam_after(task: int, stream, shown: list) -> Exam:
    """Features are the mean brightness of the first 2 + task quarters of the rows; what is looked at is `shown`."""

    def features(images):
        shown.append(images)
        rows = images.reshape(len(images), 4, -1).mean(-1)
        return rows[:, : 2 + task].astype(np.float32)

    nobody: Any = None
    config = types.SimpleNamespace(eval_batch_size=7)
    method: Any = types.SimpleNamespace(parts=types.SimpleNamespace(config=config))
    return Exam(task, stream, method, {}, nobody, features, nobody, nobody)


def test_the_same_images_of_all_tasks_are_looked_at_after_each_a_batch_at_a_time(tiny_stream):
    evaluator, shown = Representation(images=20, shown=6), ([], [])
    figures = {task: evaluator.run(exam_after(task, tiny_stream, shown[task])) for task in (0, 1)}
    assert [len(images) for images in shown[0]] == [7, 7, 6]
    for one, other in zip(*shown, strict=True):
        np.testing.assert_array_equal(one, other)
    assert "map" not in figures[0] and figures[1]["effective_rank"] > figures[0]["effective_rank"]
    summary = json.loads(json.dumps(evaluator.summarise(figures, tiny_stream)))
    assert summary["effective_rank_by_task"] == [figures[task]["effective_rank"] for task in (0, 1)]
    assert summary["effective_rank"] == figures[1]["effective_rank"]
    assert sum(summary["feature_spectrum"]) == pytest.approx(1, abs=1e-3)
    assert len(summary["feature_spectrum"]) == 3
    points = summary["feature_map"]
    assert len(points["x"]) == len(points["y"]) == len(points["label"]) == 6
    assert set(points["label"]) == {0, 1, 2, 3}
    assert 0 < points["share"][1] <= points["share"][0] < 1
    assert {row.key for row in Representation.rows} <= set(summary)
