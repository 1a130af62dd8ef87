"""Confusion: counts of true and predicted classes, with scikit-learn as an oracle."""

import json
import types
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from braincl_jax.evaluators import Answers, Confusion, Exam
from braincl_jax.evaluators.confusion import (
    MOST_CLASSES,
    MOST_CONFUSIONS,
    class_accuracy,
    count_pairs,
    frequent_confusions,
    matrix_of,
)


def exam_of(num_classes: int, per_task: int, labels: np.ndarray, predicted: np.ndarray) -> Any:
    """An exam after the last task, whose logits have their maximum at `predicted`."""
    logits = np.eye(num_classes, dtype=np.float32)[predicted]
    tasks = labels // per_task

    def ask(task: int) -> Answers:
        return Answers(logits[tasks == task], labels[tasks == task].astype(np.int32))

    nobody: Any = None
    stream: Any = types.SimpleNamespace(
        spec=types.SimpleNamespace(num_classes=num_classes), tested_as=lambda task: task
    )
    return Exam(num_classes // per_task - 1, stream, nobody, {}, nobody, nobody, ask, nobody)


def summary_of(exam: Any) -> Any:
    figures = json.loads(json.dumps(Confusion().run(exam)))
    return Confusion().summarise({exam.task: figures}, exam.stream)


@pytest.mark.parametrize("seed", range(5))
def test_counts_and_accuracy_by_class_are_those_of_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(12), rng.integers(0, 12, 400)])
    # About half of the answers are right.
    predicted = np.where(rng.random(412) < 0.5, labels, rng.integers(0, 12, 412))
    summary = summary_of(exam_of(12, 3, labels, predicted))
    expected = confusion_matrix(labels, predicted, labels=np.arange(12))
    np.testing.assert_array_equal(summary["confusion_matrix"], expected)
    shares = confusion_matrix(labels, predicted, normalize="true")
    np.testing.assert_allclose(summary["class_accuracy"], np.diagonal(shares))
    for true, predicted_class, count in summary["frequent_confusions"]:
        assert expected[true, predicted_class] == count and true != predicted_class


def test_the_row_is_the_true_class_and_the_column_the_predicted_one():
    pairs = count_pairs(np.array([0, 1, 0]), np.array([1, 0, 1]))
    assert pairs.tolist() == [[0, 1, 2], [1, 0, 1]]
    assert matrix_of(pairs, 2) == [[0, 2], [1, 0]]


def test_a_class_without_test_images_has_no_accuracy():
    assert class_accuracy(np.array([[0, 0, 3], [0, 1, 1]]), 2) == [0.75, None]
    summary = summary_of(exam_of(2, 1, np.array([0, 0]), np.array([0, 1])))
    assert summary["class_accuracy"] == [0.5, None]


def test_the_most_frequent_confusions_come_first_and_what_is_right_is_none():
    right, wrong = [[0, 0, 9], [1, 1, 9]], [[0, 1, 2], [1, 0, 5], [1, 2, 2], [2, 1, 1]]
    expected = [[1, 0, 5], [0, 1, 2], [1, 2, 2], [2, 1, 1]]
    assert frequent_confusions(np.array([*right, *wrong])) == expected
    assert frequent_confusions(np.array(right)) == []


@pytest.mark.parametrize(("num_classes", "has_matrix"), [(MOST_CLASSES, True), (1000, False)])
def test_the_summary_of_very_many_classes_stays_small(num_classes, has_matrix):
    labels = np.arange(num_classes).repeat(2)
    summary = summary_of(exam_of(num_classes, num_classes // 2, labels, (labels + 1) % num_classes))
    assert (summary["confusion_matrix"] is not None) == has_matrix
    assert len(summary["class_accuracy"]) == num_classes
    assert len(summary["frequent_confusions"]) == MOST_CONFUSIONS
    assert len(json.dumps(summary)) < 250_000


def test_any_number_of_classes_takes_no_more_than_the_images_do():
    # As a matrix these would be 8 PB.
    pairs = count_pairs(np.array([0, 10**9, 0]), np.array([10**9, 0, 0]))
    assert pairs.tolist() == [[0, 0, 1], [0, 10**9, 1], [10**9, 0, 1]]
    assert matrix_of(pairs, 10**9) is None
