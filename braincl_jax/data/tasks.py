"""Cutting a data set into tasks: which images belong to whom."""

from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np

from braincl_jax.config import ProtocolConfig
from braincl_jax.data.dataset import Dataset
from braincl_jax.data.images import Images
from braincl_jax.data.protocols import class_order, counts_of_tasks

MAX_VALIDATION_FRACTION = 0.5
# What an image of no class, or of no task, has in place of one.
NONE = -1


class Pool(NamedTuple):
    """Images of all tasks, those of the source itself, and who owns which.

    Attributes:
        images: every image of the source.
        label: int32 [N], position of the class in the class order; no meaning outside `rows`.
        rows: for each task, int64 [n], the rows of its images in the order of the source. Tasks that share all of their
            images have one array.
    """

    images: Images
    label: np.ndarray
    rows: tuple[np.ndarray, ...]


class Tasks(NamedTuple):
    """A data set in tasks.

    Attributes:
        order: int64 [K], the source's class ids in the order in which they arrive.
        classes: for each task, the positions in `order` of its classes.
        train: images to train on.
        test: images to test on.
    """

    order: np.ndarray
    classes: tuple[tuple[int, ...], ...]
    train: Pool
    test: Pool


def cut(
    dataset: Dataset,
    *,
    num_tasks: int,
    classes_per_task: int,
    class_order_seed: int,
    validation_fraction: float,
    protocol: ProtocolConfig,
) -> Tasks:
    """See `TaskStream.create`; reads labels and domains alone."""
    if not 0 <= validation_fraction <= MAX_VALIDATION_FRACTION:
        raise ValueError(
            f"validation_fraction={validation_fraction}: need 0..{MAX_VALIDATION_FRACTION}."
        )
    order = class_order(dataset.class_names, protocol.classes, class_order_seed)
    if protocol.incremental == "domains":
        domains = _domains_of(dataset, num_tasks, classes_per_task)
        classes = num_tasks * (tuple(range(len(order))),)
    else:
        domains = None
        counts = counts_of_tasks(len(order), num_tasks, classes_per_task, protocol)
        order = order[: sum(counts)]
        ends = accumulate(counts)
        classes = tuple(tuple(range(end - n, end)) for n, end in zip(counts, ends, strict=True))

    position = _positions(order, dataset.num_classes)
    label, test_label = position[dataset.train_labels], position[dataset.test_labels]
    owner = _owners(label, classes) if domains is None else np.where(label < 0, NONE, domains)
    owner = _limited(label, owner, protocol.max_per_class)
    held_out = _held_out(label, owner, order, validation_fraction)
    train = Pool(dataset.train, label, _rows(np.where(held_out, NONE, owner), num_tasks))
    if validation_fraction > 0:
        tested, test_label = dataset.train, np.where(held_out, label, np.int32(NONE))
    else:
        tested = dataset.test
    if domains is None:
        rows = _rows(_owners(test_label, classes), num_tasks)
    else:
        rows = num_tasks * (np.flatnonzero(test_label != NONE),)
    _check_filled(train.rows, rows, order, classes)
    return Tasks(order, classes, train, Pool(tested, test_label, rows))


def _positions(order: np.ndarray, num_classes: int) -> np.ndarray:
    """int32, for each class of the source, its position in the order; `NONE` for one that is not in it."""
    position = np.full(num_classes, NONE, np.int32)
    position[order] = np.arange(len(order))
    return position


def _owners(label: np.ndarray, classes: tuple[tuple[int, ...], ...]) -> np.ndarray:
    """int64 [N], the only task of each label; `NONE` of `NONE`."""
    task_of_class = np.repeat(np.arange(len(classes)), [len(own) for own in classes])
    return np.where(label < 0, NONE, task_of_class[label])


def _domains_of(dataset: Dataset, num_tasks: int, classes_per_task: int) -> np.ndarray:
    """int64 [N], the domain of each training image, where there are as many as tasks."""
    if dataset.train_domains is None:
        raise ValueError(
            "protocol.incremental=domains is impossible: the data set tells no domains (`Dataset.train_domains`); need "
            "one that does, or protocol.incremental=classes."
        )
    number = int(dataset.train_domains.max()) + 1
    if num_tasks != number:
        raise ValueError(
            f"num_tasks={num_tasks}: the data set has {number} domains; need {number} where "
            "protocol.incremental=domains."
        )
    if classes_per_task:
        raise ValueError(
            f"classes_per_task={classes_per_task} is impossible where protocol.incremental=domains, for every task has "
            "all classes; need 0."
        )
    return dataset.train_domains


def _rows(owner: np.ndarray, num_tasks: int) -> tuple[np.ndarray, ...]:
    """For each task, the rows that it owns, ascending."""
    by_task = np.argsort(owner, kind="stable")
    ends = np.searchsorted(owner[by_task], np.arange(num_tasks + 1))
    return tuple(by_task[first:last] for first, last in pairwise(ends))


def _groups(*keys: np.ndarray) -> list[np.ndarray]:
    """Rows, ascending, that agree in all keys, int [N] each; those with a `NONE` are left out."""
    order = np.lexsort(keys[::-1])
    order = order[np.all([key[order] != NONE for key in keys], axis=0)]
    differs = np.any([np.diff(key[order]) != 0 for key in keys], axis=0)
    return np.split(order, np.flatnonzero(differs) + 1) if len(order) else []


def _limited(label: np.ndarray, owner: np.ndarray, most: int) -> np.ndarray:
    """The owners, int [N], with `NONE` for all but `most` evenly spaced images of each class; 0 leaves all."""
    if most == 0:
        return owner
    limited = np.full_like(owner, NONE)
    for rows in _groups(label):
        number = min(most, len(rows))
        kept = rows[np.arange(number) * len(rows) // number]
        limited[kept] = owner[kept]
    return limited


def _held_out(
    label: np.ndarray, owner: np.ndarray, order: np.ndarray, fraction: float
) -> np.ndarray:
    """Marks, bool [N], the last images of each class of each task, and sees that each of them keeps some."""
    held_out = np.zeros(len(label), bool)
    if fraction == 0:
        return held_out
    for rows in _groups(np.where(owner < 0, NONE, label), owner):
        count = max(1, round(fraction * len(rows)))
        if count >= len(rows):
            raise ValueError(
                f"validation_fraction={fraction}: class {order[label[rows[0]]]} has {len(rows)} training images and "
                f"would have none left in task {owner[rows[0]]}; need at least 1 beside those held out."
            )
        held_out[rows[len(rows) - count :]] = True
    return held_out


def _check_filled(
    train: tuple[np.ndarray, ...],
    test: tuple[np.ndarray, ...],
    order: np.ndarray,
    classes: tuple[tuple[int, ...], ...],
) -> None:
    """Raises ValueError for a task without images to train on or to test on."""
    for kind, rows in (("training", train), ("test", test)):
        empty = next((task for task, own in enumerate(rows) if len(own) == 0), None)
        if empty is not None:
            ids = order[list(classes[empty])].tolist()
            named = f"{ids[:10]}{' and more' if len(ids) > 10 else ''}"
            raise ValueError(
                f"task {empty}, of the classes {named}, has no {kind} images; need at least 1."
            )
