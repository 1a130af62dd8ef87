"""What figures and tables read from the `summary.json` of runs."""

import math
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from braincl_jax.evaluators import metrics

Summary = Mapping[str, Any]


class Row(NamedTuple):
    """A measure of a run: a line of its page, a column of a comparison.

    Attributes:
        label: what it is called.
        key: where it stands in a summary.
        scale: what is shown is `scale * summary[key]`.
        unit: of what is shown; may be empty.
    """

    label: str
    key: str
    scale: float
    unit: str

    def value(self, summary: Summary) -> float | None:
        """What is shown for a run; None where it has no such figure, or none that is a finite number."""
        value = summary.get(self.key)
        if not isinstance(value, Real) or not math.isfinite(value):
            return None
        return self.scale * float(value)


# Of every memory that recalls images, whichever evaluators looked at the run.
MEMORY_ROWS = (
    Row("PSNR of recalled images", "recall_psnr_db", 1, "dB"),
    Row("whole memory by stored image", "bits_per_pixel", 1, "bits per pixel"),
)


def rows_of(summaries: Sequence[Summary]) -> list[Row]:
    """What the runs declare under `rows`, in order of first appearance, and `MEMORY_ROWS` unless declared."""
    declared = [
        Row(row["label"], row["key"], row["scale"], row["unit"])
        for summary in summaries
        for row in summary.get("rows") or ()
    ]
    keys = {row.key for row in declared}
    return list(dict.fromkeys([*declared, *(row for row in MEMORY_ROWS if row.key not in keys)]))


def has_accuracy(summary: Summary) -> bool:
    """Whether the run has an accuracy matrix."""
    return summary.get("accuracy_matrix") is not None


def accuracy_matrix(summary: Summary) -> NDArray[np.float64]:
    """Accuracy after task i on the images of task j, float64 [T, T], fractions in [0, 1], NaN where j > i.

    Raises:
        ValueError: it is not one, see `metrics`.
    """
    matrix = np.array(summary["accuracy_matrix"], dtype=np.float64)
    metrics.final_accuracy(matrix, _test_sizes(summary))  # checks both
    matrix[np.triu_indices(len(matrix), k=1)] = np.nan
    return matrix


def accuracy_curve(summary: Summary) -> NDArray[np.float64]:
    """Accuracy over all classes seen after each task, float64 [T], fractions in [0, 1].

    `metrics.accuracy_after` of all tasks at once. Tasks are weighted by `summary["test_sizes"]`, test images of each
    task, and equally without it.

    Raises:
        ValueError: as `accuracy_matrix`.
    """
    known = np.tril(accuracy_matrix(summary))
    weights = np.array(_test_sizes(summary), dtype=np.float64)
    return known @ weights / np.cumsum(weights)


class ClassAccuracy(NamedTuple):
    """How well one class is recognised when all tasks are learned.

    Attributes:
        name: of the class.
        task: the first that it is of; None where the summary does not tell.
        accuracy: fraction in [0, 1].
    """

    name: str
    task: int | None
    accuracy: float


def class_names(summary: Summary, number: int) -> list[str]:
    """Names of `number` classes in the class order, as the data set has them; where it has none, their places."""
    names = summary.get("class_names") or ()
    return [str(names[place]) if place < len(names) else str(place) for place in range(number)]


def first_tasks(summary: Summary) -> dict[int, int]:
    """For each class, by its place in the class order, the first task that it is of; empty where nothing tells it."""
    groups = summary.get("task_classes") or ()
    return {place: task for task in reversed(range(len(groups))) for place in groups[task]}


def class_accuracies(summary: Summary) -> list[ClassAccuracy]:
    """The classes whose accuracy is known, in the class order; none without `class_accuracy` in the summary."""
    accuracies = summary.get("class_accuracy") or ()
    number, tasks = len(accuracies), first_tasks(summary)
    return [
        ClassAccuracy(name, tasks.get(place), float(accuracy))
        for place, (name, accuracy) in enumerate(
            zip(class_names(summary, number), accuracies, strict=True)
        )
        if accuracy is not None
    ]


def worst_and_best(classes: Sequence[ClassAccuracy], most: int) -> list[ClassAccuracy]:
    """All of at most `most` classes as they are; of more, the worst half of `most` and the best, sorted by accuracy."""
    if len(classes) <= most:
        return list(classes)
    ranked = sorted(classes, key=lambda one: one.accuracy)
    return ranked[: most - most // 2] + ranked[len(ranked) - most // 2 :]


def confusions(summary: Summary) -> list[tuple[str, str, int]]:
    """(true class, predicted class, how often), the most frequent first; none without them in the summary."""
    found = summary.get("frequent_confusions") or ()
    names = class_names(summary, 1 + max((max(pair) for *pair, _ in found), default=-1))
    return [(names[true], names[predicted], int(count)) for true, predicted, count in found]


def memory_parts(summary: Summary) -> dict[str, int]:
    """Bytes of each part of long-term memory, without their total."""
    return {name: size for name, size in summary["memory_bytes"].items() if name != "total"}


def largest(parts: dict[str, int], most: int) -> dict[str, int]:
    """At most `most` parts: the largest in their order, and last what the others add up to."""
    if len(parts) <= most:
        return parts
    kept = set(sorted(parts, key=lambda name: parts[name], reverse=True)[: most - 1])
    others = sum(size for name, size in parts.items() if name not in kept)
    some = {name: size for name, size in parts.items() if name in kept}
    return some | {f"{len(parts) - len(kept)} others": others}


def _test_sizes(summary: Summary) -> Sequence[int]:
    return summary.get("test_sizes") or [1] * len(summary["accuracy_matrix"])
