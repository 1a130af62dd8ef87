"""The sequence of tasks: each with its own classes, one after another, and the batches of each."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import NamedTuple, cast

import numpy as np

from braincl_jax.data.sources import RawData
from braincl_jax.types import Array, Batch, StreamSpec

MAX_VALIDATION_FRACTION = 0.5


class Split(NamedTuple):
    """The training or test images of one task.

    Attributes:
        image: uint8 [N, H, W, C].
        label: int32 [N], position of the class in the class order.
    """

    image: np.ndarray
    label: np.ndarray


class _Pool(NamedTuple):
    """Images of all tasks, shared with the source and never copied whole, and who owns which row.

    Attributes:
        image: uint8 [N, H, W, C], every image of the source.
        label: int32 [N], position of the class in the class order; no meaning outside `rows`.
        rows: for each task, int64 [n], the rows of its images in the order of the source.
    """

    image: np.ndarray
    label: np.ndarray
    rows: tuple[np.ndarray, ...]

    def take(self, task: int, positions: np.ndarray | slice) -> Split:
        rows = self.rows[task][positions]
        return Split(self.image[rows], self.label[rows])


@dataclass(frozen=True, eq=False)
class TaskStream:
    """A class-incremental sequence of tasks; nothing in it changes, all access is random access.

    Labels are positions in the class order: task t owns t * k .. (t + 1) * k - 1, with k classes a
    task. An image's index is its position among its task's images.

    Attributes:
        spec: the static facts of the stream.
        class_order: the source's class ids, in the order in which they arrive.
        classes_per_task: classes of each task, k.
        evaluated_on: "test", or "validation" if held-out training images take the place of the test images.
    """

    spec: StreamSpec
    class_order: tuple[int, ...]
    classes_per_task: int
    evaluated_on: str
    _train: _Pool = field(repr=False)
    _test: _Pool = field(repr=False)
    _part: tuple[int, int] = field(default=(0, 1), repr=False)

    @classmethod
    def create(
        cls,
        raw: RawData,
        *,
        num_tasks: int,
        classes_per_task: int = 0,
        class_order_seed: int = 1993,
        validation_fraction: float = 0.0,
    ) -> "TaskStream":
        """Cuts a data set into tasks.

        The class order is `np.random.RandomState(seed).permutation(num_classes)`, the convention of
        the field since iCaRL (Rebuffi et al. 2017), so that results compare with published ones.

        Args:
            raw: the data set; its images are shared, not copied, so leave them as they are.
            num_tasks: T.
            classes_per_task: k; the first T * k classes of the order are used. 0 shares out all.
            class_order_seed: seed of the class order; -1 keeps the source's own order.
            validation_fraction: share of each class's training images, its last ones and at least
                one, that is held out and takes the place of the test images; 0 holds out none. It
                is there so that hyper-parameters are never chosen on test images.

        Returns:
            The stream.

        Raises:
            ValueError: if an argument is out of its range, the classes cannot be shared out so, a
                class has no image left to train on, or a task none to test on.
        """
        if not 0 <= validation_fraction <= MAX_VALIDATION_FRACTION:
            raise ValueError(
                f"validation_fraction={validation_fraction}: need 0..{MAX_VALIDATION_FRACTION}."
            )
        per_task = _count_per_task(raw.num_classes, num_tasks, classes_per_task)
        order = _order_of_classes(raw.num_classes, class_order_seed)[: num_tasks * per_task]
        position = np.full(raw.num_classes, -1, np.int32)
        position[order] = np.arange(len(order))

        label = position[raw.y_train]
        held_out = _held_out(label, order, validation_fraction)
        train = _pool(raw.x_train, label, ~held_out, num_tasks, per_task)
        if validation_fraction > 0:
            test = _pool(raw.x_train, label, held_out, num_tasks, per_task)
        else:
            test_label = position[raw.y_test]
            test = _pool(raw.x_test, test_label, test_label >= 0, num_tasks, per_task)
        _check_testable(test, order, per_task)

        height, width, channels = raw.x_train.shape[1:]
        spec = StreamSpec(
            image_shape=(height, width, channels),
            num_classes=len(order),
            num_tasks=num_tasks,
            task_sizes=tuple(len(rows) for rows in train.rows),
        )
        evaluated_on = "validation" if validation_fraction > 0 else "test"
        return cls(spec, tuple(order.tolist()), per_task, evaluated_on, train, test)

    @property
    def test_sizes(self) -> tuple[int, ...]:
        """Test images of each task, T numbers."""
        return tuple(len(rows) for rows in self._test.rows)

    def part(self, index: int, count: int) -> "TaskStream":
        """The same stream for one of several readers, who share every batch.

        Its batches hold the rows index * B / count .. (index + 1) * B / count - 1 of the whole
        batches, and no other images are read. `train` and `test` still give whole tasks.

        Args:
            index: 0..count-1, which reader.
            count: number of readers, from 1.

        Returns:
            A stream that shares the images with this one.

        Raises:
            ValueError: if there is no such reader.
        """
        if not 0 <= index < count:
            raise ValueError(f"part {index} of {count}: need 0..{count - 1}.")
        return replace(self, _part=(index, count))

    def train(self, task: int) -> Split:
        """All training images of a task, in the order of the source.

        Args:
            task: 0..T-1.

        Returns:
            Copies of the images and labels.

        Raises:
            ValueError: if there is no such task.
        """
        self._check(task)
        return self._train.take(task, slice(None))

    def test(self, task: int) -> Split:
        """All test images of a task (those held out, if some are), in the order of the source.

        Args:
            task: 0..T-1.

        Returns:
            Copies of the images and labels.

        Raises:
            ValueError: if there is no such task.
        """
        self._check(task)
        return self._test.take(task, slice(None))

    def batch_at(self, task: int, *, batch_size: int, step: int, seed: int) -> Batch:
        """Batch number `step` of an endless, shuffled stream of a task's training images.

        Epochs, each in an order of its own, follow one another and are cut into batches of exactly
        `batch_size`, so a batch may span epochs. A pure function of its arguments: there is no
        position to save, and a run that resumes at any step sees what it would have seen.

        Args:
            task: 0..T-1.
            batch_size: B, any number from 1, also more than the task has images.
            step: 0, 1, 2, ...
            seed: 0, 1, 2, ...; another seed, another shuffle.

        Returns:
            NumPy arrays, B images without padding, or this reader's part of them (see `part`).

        Raises:
            ValueError: if an argument is out of its range.
        """
        self._check(task, batch_size)
        if step < 0 or seed < 0:
            raise ValueError(f"step={step}, seed={seed}: need 0 or more of both.")
        size = self.spec.task_sizes[task]
        start, stop = step * batch_size, (step + 1) * batch_size
        first, last = start // size, (stop - 1) // size
        epochs = [_permutation(seed, task, epoch, size) for epoch in range(first, last + 1)]
        positions = np.concatenate(epochs)[start - first * size : stop - first * size]
        return self._batch(self._train, task, positions, batch_size)

    def ordered_batches(self, task: int, *, batch_size: int) -> Iterator[Batch]:
        """Each training image of a task exactly once, in the order of the source.

        Args:
            task: 0..T-1.
            batch_size: B, from 1.

        Returns:
            Iterator over batches of NumPy arrays. The last one is filled up to B images with zero
            images of label 0 and index -1. Of each, this reader's part (see `part`).

        Raises:
            ValueError: if an argument is out of its range.
        """
        self._check(task, batch_size)
        return self._in_order(self._train, task, batch_size)

    def ordered_batch_at(self, task: int, *, batch_size: int, step: int) -> Batch:
        """Batch number `step`, from 0, of `ordered_batches`.

        Raises:
            ValueError: if an argument is out of its range.
        """
        self._check(task, batch_size)
        number = -(-self.spec.task_sizes[task] // batch_size)
        if not 0 <= step < number:
            raise ValueError(f"step={step}: task {task} has batches 0..{number - 1}.")
        return self._ordered_batch(self._train, task, batch_size, step)

    def test_batches(self, task: int, *, batch_size: int) -> Iterator[Batch]:
        """Each test image of a task exactly once; otherwise as `ordered_batches`."""
        self._check(task, batch_size)
        return self._in_order(self._test, task, batch_size)

    def _check(self, task: int, batch_size: int | None = None) -> None:
        if not 0 <= task < self.spec.num_tasks:
            raise ValueError(f"task={task}: the stream has tasks 0..{self.spec.num_tasks - 1}.")
        if batch_size is not None and batch_size < 1:
            raise ValueError(f"batch_size={batch_size}: need 1 or more.")
        if batch_size is not None and batch_size % self._part[1]:
            raise ValueError(f"batch_size={batch_size}: need a multiple of {self._part[1]} parts.")

    def _in_order(self, pool: _Pool, task: int, batch_size: int) -> Iterator[Batch]:
        for step in range(-(-len(pool.rows[task]) // batch_size)):
            yield self._ordered_batch(pool, task, batch_size, step)

    def _ordered_batch(self, pool: _Pool, task: int, batch_size: int, step: int) -> Batch:
        start = step * batch_size
        positions = np.arange(start, min(start + batch_size, len(pool.rows[task])))
        return self._batch(pool, task, positions, batch_size)

    def _batch(self, pool: _Pool, task: int, positions: np.ndarray, batch_size: int) -> Batch:
        """Own part of the batch of the images at `positions`, padding included."""
        index, count = self._part
        own_size = batch_size // count
        own = positions[index * own_size : (index + 1) * own_size]
        image, label = pool.take(task, own)
        return Batch(
            image=_filled_up(image, own_size, 0),
            label=_filled_up(label, own_size, 0),
            index=_filled_up(own.astype(np.int32), own_size, -1),
        )


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
    image: np.ndarray, label: np.ndarray, usable: np.ndarray, num_tasks: int, per_task: int
) -> _Pool:
    owner = np.where(usable, label // per_task, -1)
    return _Pool(image, label, tuple(np.flatnonzero(owner == task) for task in range(num_tasks)))


def _check_testable(test: _Pool, order: np.ndarray, per_task: int) -> None:
    for task, rows in enumerate(test.rows):
        if len(rows) == 0:
            classes = order[task * per_task : (task + 1) * per_task].tolist()
            raise ValueError(
                f"task {task}, of the classes {classes}, has no test images; need at least 1."
            )


@lru_cache(maxsize=4)  # a batch spans two epochs as a rule, and the next one the same two
def _permutation(seed: int, task: int, epoch: int, size: int) -> np.ndarray:
    order = np.random.default_rng((seed, task, epoch)).permutation(size)
    order.flags.writeable = False
    return order


def _filled_up(array: np.ndarray, size: int, value: int) -> Array:
    if len(array) < size:
        filling = np.full((size - len(array), *array.shape[1:]), value, array.dtype)
        array = np.concatenate([array, filling])
    # The annotation of Batch is what it is under jit; outside, JAX takes NumPy arrays in its place.
    return cast(Array, array)
