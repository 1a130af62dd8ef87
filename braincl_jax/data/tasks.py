"""Cutting a data set into tasks: which class comes when, and which images belong to whom."""

from typing import NamedTuple

import numpy as np

from braincl_jax.data.dataset import Dataset
from braincl_jax.data.images import Images

MAX_VALIDATION_FRACTION = 0.5


class Pool(NamedTuple):
    """Images of all tasks, those of the source itself, and who owns which.

    Attributes:
        images: every image of the source.
        label: int32 [N], position of the class in the class order; no meaning outside `rows`.
        rows: for each task, int64 [n], the rows of its images in the order of the source.
    """

    images: Images
    label: np.ndarray
    rows: tuple[np.ndarray, ...]


class Tasks(NamedTuple):
    """A data set in tasks.

    Attributes:
        order: int64 [K], the source's class ids in the order in which they arrive.
        per_task: classes of each task.
        train: images to train on.
        test: images to test on.
    """

    order: np.ndarray
    per_task: int
    train: Pool
    test: Pool


def cut(
    dataset: Dataset,
    *,
    num_tasks: int,
    classes_per_task: int,
    class_order_seed: int,
    validation_fraction: float,
) -> Tasks:
    """See `TaskStream.create`; reads labels alone."""
    if not 0 <= validation_fraction <= MAX_VALIDATION_FRACTION:
        raise ValueError(
            f"validation_fraction={validation_fraction}: need 0..{MAX_VALIDATION_FRACTION}."
        )
    num_classes = dataset.num_classes
    per_task = _count_per_task(num_classes, num_tasks, classes_per_task)
    order = _order_of_classes(num_classes, class_order_seed)[: num_tasks * per_task]
    position = np.full(num_classes, -1, np.int32)
    position[order] = np.arange(len(order))

    label = position[dataset.train_labels]
    held_out = _held_out(label, order, validation_fraction)
    train = _pool(dataset.train, label, ~held_out, num_tasks, per_task)
    if validation_fraction > 0:
        test = _pool(dataset.train, label, held_out, num_tasks, per_task)
    else:
        test_label = position[dataset.test_labels]
        test = _pool(dataset.test, test_label, test_label >= 0, num_tasks, per_task)
    _check_testable(test, order, per_task)
    return Tasks(order, per_task, train, test)


def _count_per_task(num_classes: int, num_tasks: int, classes_per_task: int) -> int:
    if not 1 <= num_tasks <= num_classes:
        raise ValueError(f"num_tasks={num_tasks}: need 1..{num_classes}, one class a task or more.")
    most = num_classes // num_tasks
    if not 0 <= classes_per_task <= most:
        raise ValueError(
            f"classes_per_task={classes_per_task}: {num_tasks} tasks share {num_classes} classes; "
            f"need 1..{most}, or 0 to share out all."
        )
    if classes_per_task == 0 and num_classes % num_tasks != 0:
        divisors = [n for n in range(1, num_classes + 1) if num_classes % n == 0]
        raise ValueError(
            f"num_tasks={num_tasks} does not divide the {num_classes} classes; need one of "
            f"{divisors}, or classes_per_task in 1..{most}."
        )
    return classes_per_task or most


def _order_of_classes(num_classes: int, seed: int) -> np.ndarray:
    if not -1 <= seed < 2**32:
        raise ValueError(f"class_order_seed={seed}: need 0..{2**32 - 1}, or -1 for no shuffle.")
    if seed == -1:
        return np.arange(num_classes)
    return np.random.RandomState(seed).permutation(num_classes)


def _held_out(label: np.ndarray, order: np.ndarray, fraction: float) -> np.ndarray:
    """Marks, bool [N], the last images of each class, and sees that each class keeps some."""
    held_out = np.zeros(len(label), bool)
    for position, original in enumerate(order):
        rows = np.flatnonzero(label == position)
        count = max(1, round(fraction * len(rows))) if fraction > 0 else 0
        if count >= len(rows):
            raise ValueError(
                f"validation_fraction={fraction}: class {original} has {len(rows)} training "
                "images and would have none left; need at least 1 beside those held out."
            )
        held_out[rows[len(rows) - count :]] = True
    return held_out


def _pool(
    images: Images, label: np.ndarray, usable: np.ndarray, num_tasks: int, per_task: int
) -> Pool:
    owner = np.where(usable, label // per_task, -1)
    return Pool(images, label, tuple(np.flatnonzero(owner == task) for task in range(num_tasks)))


def _check_testable(test: Pool, order: np.ndarray, per_task: int) -> None:
    for task, rows in enumerate(test.rows):
        if len(rows) == 0:
            classes = order[task * per_task : (task + 1) * per_task].tolist()
            raise ValueError(
                f"task {task}, of the classes {classes}, has no test images; need at least 1."
            )
