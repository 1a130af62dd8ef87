"""Confusion: which classes are taken for which, over all classes, when all tasks are learned.

Figures of very many classes stay small: beyond `MOST_CLASSES` the matrix is left out, and the most frequent confusions
stand for it.
"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from braincl_jax.data import TaskStream
from braincl_jax.evaluators.base import Exam, Figures, Moment, Row
from braincl_jax.registry import EVALUATORS
from braincl_jax.settings import settings

# The matrix of so many classes takes about 200 KB of a summary.
MOST_CLASSES = 256
MOST_CONFUSIONS = 100


@EVALUATORS.register("confusion")
@settings()
class Confusion:
    """Counts the answers to the test images of all classes, each among all classes.

    Classes are numbered in the class order, 0..K-1. Fills

    * `class_accuracy`, [K]: the share of a class's images that are recognised; None for a class without test images;
    * `confusion_matrix`, int [K, K]: row true class, column predicted class; None of more than `MOST_CLASSES` classes;
    * `frequent_confusions`: at most `MOST_CONFUSIONS` triples (true class, predicted class, count) of two different
      classes, the most frequent first.
    """

    when: ClassVar[Moment] = "at_end"
    rows: ClassVar[tuple[Row, ...]] = ()

    def run(self, exam: Exam) -> Figures:
        num_classes = exam.stream.spec.num_classes
        answers = exam.seen()
        pairs = count_pairs(answers.label, answers.logits.argmax(-1))
        return {
            "class_accuracy": class_accuracy(pairs, num_classes),
            "confusion_matrix": matrix_of(pairs, num_classes),
            "frequent_confusions": frequent_confusions(pairs),
        }

    def summarise(self, figures: Mapping[int, Figures], stream: TaskStream) -> Figures:
        del stream
        (last,) = figures.values()
        return last


def count_pairs(true: NDArray[np.integer], predicted: NDArray[np.integer]) -> NDArray[np.int64]:
    """Which classes were taken for which: labels and predictions [N] -> int64 [P, 3].

    Rows are (true class, predicted class, count), those that occur, sorted: no more than there are images, however
    many classes there are.
    """
    pairs, counts = np.unique(np.stack([true, predicted], axis=1), axis=0, return_counts=True)
    return np.column_stack([pairs, counts]).astype(np.int64)


def class_accuracy(pairs: NDArray[np.int64], num_classes: int) -> list[float | None]:
    """From pairs as of `count_pairs`, for each class: the share of its images that is right; None if it has none."""
    true, predicted, counts = pairs.T
    images = np.bincount(true, counts, num_classes)
    right = np.bincount(true, counts * (true == predicted), num_classes)
    return [
        float(some / number) if number else None for some, number in zip(right, images, strict=True)
    ]


def matrix_of(pairs: NDArray[np.int64], num_classes: int) -> list[list[int]] | None:
    """Pairs as of `count_pairs` as counts [K, K], row true class; None of more than `MOST_CLASSES` classes."""
    if num_classes > MOST_CLASSES:
        return None
    counts = np.zeros((num_classes, num_classes), np.int64)
    counts[pairs[:, 0], pairs[:, 1]] = pairs[:, 2]
    return counts.tolist()


def frequent_confusions(pairs: NDArray[np.int64]) -> list[list[int]]:
    """Of pairs as of `count_pairs`, those of two different classes, most frequent first, equal ones as they were."""
    wrong = pairs[pairs[:, 0] != pairs[:, 1]]
    return wrong[np.argsort(-wrong[:, 2], kind="stable")][:MOST_CONFUSIONS].tolist()
