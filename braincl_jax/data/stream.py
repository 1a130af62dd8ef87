"""The sequence of tasks: each with its own classes or domain, one after another, and the batches of each."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import cast

import numpy as np

from braincl_jax.config import ProtocolConfig
from braincl_jax.data.dataset import Dataset, LeftOut, checked
from braincl_jax.data.read_ahead import read_ahead
from braincl_jax.data.tasks import Pool, cut
from braincl_jax.types import Array, Batch, StreamSpec

EQUAL_TASKS = ProtocolConfig()


@dataclass(frozen=True, eq=False)
class TaskStream:
    """A sequence of tasks; nothing in it changes, all access is random access.

    Labels are positions in the class order. An image's index is its position among its task's images. Tasks that bring
    classes are tested on images of their own classes. Tasks that bring domains have all classes each, and since test
    images have no domain, all of them are tested on the whole test set (see `tested_as`).

    Attributes:
        spec: the static facts of the stream, with the labels of each task.
        class_order: the source's class ids, in the order in which they arrive.
        class_names: the source's names of the classes, in the same order.
        evaluated_on: "test", or "validation" if held-out training images take the place of the test images.
        left_out: images of the source that cannot be read and are in no task.
    """

    spec: StreamSpec
    class_order: tuple[int, ...]
    class_names: tuple[str, ...]
    evaluated_on: str
    left_out: LeftOut
    _train: Pool = field(repr=False)
    _test: Pool = field(repr=False)
    _part: tuple[int, int] = field(default=(0, 1), repr=False)

    @classmethod
    def create(
        cls,
        dataset: Dataset,
        *,
        num_tasks: int,
        classes_per_task: int = 0,
        class_order_seed: int = 1993,
        validation_fraction: float = 0.0,
        protocol: ProtocolConfig = EQUAL_TASKS,
    ) -> "TaskStream":
        """Cuts a data set into tasks.

        Args:
            dataset: the data set; its images are read when they are asked for, so leave them as they are.
            num_tasks: T.
            classes_per_task: k; classes at the end of the order that no task needs are not used. 0 shares out all.
            class_order_seed: seed of the class order (see `protocols.class_order`); -1 keeps the source's own order.
            validation_fraction: share of the training images of each class of each task, its last ones and at least
                one, that is held out and takes the place of the test images; 0 holds out none. It
                is there so that hyper-parameters are never chosen on test images.
            protocol: which classes there are, and what each task brings; by default, equally many of all classes.

        Returns:
            The stream.

        Raises:
            ValueError: if the data set is not what `Dataset` says, an argument is out of its range, a class is
                unknown, the classes cannot be shared out so, a class has no image left to train on, or a task none
                to train or to test on.
        """
        dataset = checked("dataset", dataset)
        tasks = cut(
            dataset,
            num_tasks=num_tasks,
            classes_per_task=classes_per_task,
            class_order_seed=class_order_seed,
            validation_fraction=validation_fraction,
            protocol=protocol,
        )
        spec = StreamSpec(
            image_shape=dataset.train.shape,
            num_classes=len(tasks.order),
            num_tasks=num_tasks,
            task_sizes=tuple(len(rows) for rows in tasks.train.rows),
            task_classes=tasks.classes,
        )
        order = tuple(tasks.order.tolist())
        names = tuple(dataset.class_names[original] for original in order)
        evaluated_on = "validation" if validation_fraction > 0 else "test"
        return cls(
            *(spec, order, names, evaluated_on, dataset.left_out),
            *(tasks.train, tasks.test),
        )

    @property
    def test_sizes(self) -> tuple[int, ...]:
        """Test images of each task, T numbers."""
        return tuple(len(rows) for rows in self._test.rows)

    def tested_as(self, task: int) -> int:
        """The first task with the test images of this one: 0 where all tasks are tested on one set, else `task`.

        Raises:
            ValueError: if there is no such task.
        """
        self._check(task)
        return 0 if self._test.rows[task] is self._test.rows[0] else task

    def part(self, index: int, count: int) -> "TaskStream":
        """The same stream for one of several readers, who share every batch.

        Its batches hold the rows index * B / count .. (index + 1) * B / count - 1 of the whole
        batches, and no other images are read. What is asked for by position stays whole.

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

    def train_images(self, task: int, positions: np.ndarray) -> np.ndarray:
        """Some training images of a task.

        Args:
            task: 0..T-1.
            positions: int [n], positions in the order of the source, as `Batch.index` has them.

        Returns:
            uint8 [n, H, W, C], read now; ask for as many as memory holds.

        Raises:
            ValueError: if there is no such task.
            IndexError: if there is no such position.
        """
        self._check(task)
        return self._train.images.take(self._train.rows[task][positions])

    def train_labels(self, task: int) -> np.ndarray:
        """int32 [N], positions in the class order of all training images of a task, in the order of the source.

        Raises:
            ValueError: if there is no such task.
        """
        self._check(task)
        return self._train.label[self._train.rows[task]]

    def images_of_tasks(self, tasks: np.ndarray, positions: np.ndarray) -> np.ndarray:
        """Some training images of any tasks, read at once.

        Args:
            tasks: int [n], each 0..T-1.
            positions: int [n], as for `train_images`.

        Returns:
            uint8 [n, H, W, C], in their order.
        """
        rows = np.zeros(len(tasks), np.int64)
        for task in np.unique(tasks).tolist():
            of_task = tasks == task
            rows[of_task] = self._train.rows[task][positions[of_task]]
        return self._train.images.take(rows)

    def own(self, batch_size: int) -> slice:
        """This reader's part of what is shared as a batch of so many is (see `part`)."""
        index, count = self._part
        size = batch_size // count
        return slice(index * size, (index + 1) * size)

    def test_images(self, task: int, positions: np.ndarray) -> np.ndarray:
        """Some test images of a task (those held out, if some are); otherwise as `train_images`."""
        self._check(task)
        return self._test.images.take(self._test.rows[task][positions])

    def test_labels(self, task: int) -> np.ndarray:
        """The labels of all test images of a task (those held out, if some are); otherwise as `train_labels`."""
        self._check(task)
        return self._test.label[self._test.rows[task]]

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
        pieces = [
            _permutation(seed, task, epoch, size)[
                max(start - epoch * size, 0) : stop - epoch * size
            ]
            for epoch in range(first, last + 1)
        ]
        positions = np.concatenate(pieces)
        return self._batch(self._train, task, positions, batch_size)

    def batch_of(
        self, task: int, positions: np.ndarray, index: np.ndarray, *, batch_size: int
    ) -> Batch:
        """The batch of some training images of a task.

        Args:
            task: 0..T-1.
            positions: int [n], as for `train_images`, at most `batch_size`.
            index: int [n], what `Batch.index` is to be.
            batch_size: B.

        Returns:
            NumPy arrays, filled up to B images as by `ordered_batches`; this reader's part of them (see `part`).

        Raises:
            ValueError: if an argument is out of its range.
        """
        self._check(task, batch_size)
        return self._batch(self._train, task, positions, batch_size, index)

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

    def _in_order(self, pool: Pool, task: int, batch_size: int) -> Iterator[Batch]:
        def batch_at(step: int) -> Batch:
            return self._ordered_batch(pool, task, batch_size, step)

        return read_ahead(batch_at, range(-(-len(pool.rows[task]) // batch_size)))

    def _ordered_batch(self, pool: Pool, task: int, batch_size: int, step: int) -> Batch:
        start = step * batch_size
        positions = np.arange(start, min(start + batch_size, len(pool.rows[task])))
        return self._batch(pool, task, positions, batch_size)

    def _batch(
        self,
        pool: Pool,
        task: int,
        positions: np.ndarray,
        batch_size: int,
        index: np.ndarray | None = None,
    ) -> Batch:
        """Own part of the batch of the images at `positions`, padding included; their index is that, or another."""
        own = self.own(batch_size)
        own_size, index = own.stop - own.start, positions if index is None else index
        rows = pool.rows[task][positions[own]]
        return Batch(
            image=_filled_up(pool.images.take(rows), own_size, 0),
            label=_filled_up(pool.label[rows], own_size, 0),
            index=_filled_up(index[own].astype(np.int32), own_size, -1),
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
