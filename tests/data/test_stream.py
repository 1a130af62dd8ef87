"""The task stream: which class in which task, which image in which batch."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from braincl_jax.data import Dataset, Images, TaskStream
from braincl_jax.data.read_ahead import AHEAD


def make_data(num_classes: int = 6, per_class: int = 4, test_per_class: int = 2) -> Dataset:
    """Interleaved classes; the only pixel of an image is its row, test images start at 100."""

    def split(count: int, first: int):
        total = num_classes * count
        images = np.arange(first, first + total, dtype=np.uint8).reshape(total, 1, 1, 1)
        return images, np.arange(total, dtype=np.int64) % num_classes

    return Dataset.of_arrays(*split(per_class, 0), *split(test_per_class, 100))


def pixels(image) -> list[int]:
    return np.asarray(image)[:, 0, 0, 0].tolist()


def trained(stream: TaskStream, task: int) -> list[int]:
    """The pixels of all training images of a task."""
    return pixels(stream.train_images(task, np.arange(stream.spec.task_sizes[task])))


def evaluated(stream: TaskStream, task: int) -> list[int]:
    """The pixels of all test images of a task."""
    return pixels(stream.test_images(task, np.arange(stream.test_sizes[task])))


def natural(**kwargs) -> TaskStream:
    return TaskStream.create(make_data(), num_tasks=3, class_order_seed=-1, **kwargs)


def test_labels_are_positions_in_the_class_order_and_tasks_own_consecutive_ones():
    dataset = make_data()
    stream = TaskStream.create(dataset, num_tasks=3, class_order_seed=5)
    for task in range(3):
        for rows, labels, source in (
            (trained(stream, task), stream.train_labels(task), dataset.train_labels),
            (evaluated(stream, task), stream.test_labels(task), dataset.test_labels),
        ):
            assert labels.dtype == np.int32
            assert set(labels.tolist()) == {2 * task, 2 * task + 1}
            original = [source[row % 100] for row in rows]
            assert original == [stream.class_order[label] for label in labels]


def test_the_images_of_a_task_keep_the_order_of_the_source():
    stream = natural()
    # Row r has class r % 6, and task 1 owns classes 2 and 3.
    assert trained(stream, 1) == [2, 3, 8, 9, 14, 15, 20, 21]
    assert stream.train_labels(1).tolist() == [2, 3, 2, 3, 2, 3, 2, 3]
    assert evaluated(stream, 1) == [102, 103, 108, 109]


def test_the_spec_counts_only_the_classes_used():
    stream = TaskStream.create(make_data(), num_tasks=2, classes_per_task=1, class_order_seed=-1)
    assert stream.spec == ((1, 1, 1), 2, 2, (4, 4), ((0,), (1,)))
    assert stream.class_order == (0, 1)
    assert evaluated(stream, 1) == [101, 107]


def test_a_stream_cannot_be_changed():
    stream = natural()
    with pytest.raises(dataclasses.FrozenInstanceError):
        stream.evaluated_on = 3  # pyright: ignore[reportAttributeAccessIssue]
    stream.train_images(0, np.arange(8))[:] = 0
    stream.train_labels(0)[:] = 7
    assert trained(stream, 0)[:3] == [0, 1, 6]
    assert stream.train_labels(0).tolist()[:3] == [0, 1, 0]


def test_validation_takes_the_last_training_images_of_each_class_for_the_test_images():
    stream = natural(validation_fraction=0.25)
    # Four images a class: one is held out. Task 0 owns rows 0 1 6 7 12 13 18 19.
    assert trained(stream, 0) == [0, 1, 6, 7, 12, 13]
    assert evaluated(stream, 0) == [18, 19]
    assert stream.test_labels(0).tolist() == [0, 1]
    assert stream.spec.task_sizes == (6, 6, 6)


def test_validation_holds_out_at_least_one_image_of_each_class():
    assert evaluated(natural(validation_fraction=0.01), 0) == [18, 19]


@settings(deadline=None, max_examples=25)
@given(st.integers(2, 12), st.floats(0.01, 0.5))
def test_validation_and_training_images_are_the_training_images_of_the_source(per_class, fraction):
    dataset = make_data(num_classes=4, per_class=per_class)
    stream = TaskStream.create(dataset, num_tasks=2, validation_fraction=fraction)
    kept = [p for task in range(2) for p in trained(stream, task)]
    held = [p for task in range(2) for p in evaluated(stream, task)]
    assert sorted(kept + held) == list(range(4 * per_class))
    assert len(held) == 4 * max(1, round(fraction * per_class))


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 20), st.integers(0, 3), st.integers(0, 2**40))
def test_batches_cut_from_the_endless_stream_hold_every_image_once_an_epoch(size, task, seed):
    dataset = make_data(num_classes=4, per_class=7)
    stream = TaskStream.create(dataset, num_tasks=4)
    batches = [stream.batch_at(task, batch_size=size, step=s, seed=seed) for s in range(21)]
    for batch in batches:
        assert batch.image.shape == (size, 1, 1, 1)
        assert (batch.image.dtype, batch.label.dtype, batch.index.dtype) == ("u1", "i4", "i4")
    index = np.concatenate([batch.index for batch in batches])
    for epoch in range(len(index) // 7):
        assert sorted(index[7 * epoch : 7 * epoch + 7].tolist()) == list(range(7))
    image = np.concatenate([batch.image for batch in batches])
    np.testing.assert_array_equal(image, stream.train_images(task, index))


def test_batches_of_every_size_cut_the_same_stream():
    stream = natural()
    small = [stream.batch_at(1, batch_size=3, step=s, seed=4).index for s in range(20)]
    large = [stream.batch_at(1, batch_size=20, step=s, seed=4).index for s in range(3)]
    np.testing.assert_array_equal(np.concatenate(small), np.concatenate(large))


def test_the_first_epoch_is_the_documented_permutation():
    batch = natural().batch_at(2, batch_size=8, step=0, seed=11)
    expected = np.random.default_rng((11, 2, 0)).permutation(8)
    assert isinstance(batch.index, np.ndarray)
    np.testing.assert_array_equal(batch.index, expected)


def test_a_batch_depends_on_its_arguments_alone():
    wanted = {"batch_size": 5, "step": 7, "seed": 1}
    stream = natural()
    alone = stream.batch_at(0, **wanted)
    for step in range(12):
        stream.batch_at(1, batch_size=3, step=step, seed=2)
    again = stream.batch_at(0, **wanted)
    for field, other in zip(alone, again, strict=True):
        np.testing.assert_array_equal(field, other)


def test_seeds_tasks_and_epochs_have_orders_of_their_own():
    dataset = make_data(num_classes=2, per_class=50)
    stream = TaskStream.create(dataset, num_tasks=2)
    orders = {
        tuple(np.asarray(stream.batch_at(task, batch_size=50, step=epoch, seed=seed).index))
        for task in range(2)
        for epoch in range(2)
        for seed in range(2)
    }
    assert len(orders) == 8


def test_ordered_batches_give_each_training_image_once_and_mark_padding():
    first, second = natural().ordered_batches(1, batch_size=5)
    assert pixels(first.image) == [2, 3, 8, 9, 14]
    assert pixels(second.image) == [15, 20, 21, 0, 0]
    assert second.label.tolist() == [3, 2, 3, 0, 0]
    assert second.index.tolist() == [5, 6, 7, -1, -1]
    assert (second.image.dtype, second.label.dtype, second.index.dtype) == ("u1", "i4", "i4")


def test_test_batches_give_each_test_image_once_and_mark_padding():
    (batch,) = natural().test_batches(0, batch_size=6)
    assert pixels(batch.image) == [100, 101, 106, 107, 0, 0]
    assert batch.index.tolist() == [0, 1, 2, 3, -1, -1]


def test_a_last_batch_that_is_full_has_no_padding():
    batches = list(natural().ordered_batches(0, batch_size=4))
    assert [batch.index.tolist() for batch in batches] == [[0, 1, 2, 3], [4, 5, 6, 7]]


@pytest.mark.parametrize("count", [1, 2, 3, 6])
def test_parts_of_a_batch_are_the_whole_batch_in_order(count):
    stream = natural()
    parts = [stream.part(index, count) for index in range(count)]

    def check(whole, *pieces):
        for field, *own in zip(whole, *pieces, strict=True):
            assert {len(one) for one in own} == {6 // count}
            np.testing.assert_array_equal(field, np.concatenate(own))

    for step in range(5):
        wanted = {"batch_size": 6, "step": step, "seed": 3}
        check(stream.batch_at(1, **wanted), *(part.batch_at(1, **wanted) for part in parts))
    for name in ("ordered_batches", "test_batches"):
        # The last of these has padding, which may fill some parts altogether.
        for batches in zip(
            *(getattr(one, name)(1, batch_size=6) for one in (stream, *parts)), strict=True
        ):
            check(*batches)


class Counting:
    """Images that note which rows were read."""

    def __init__(self, images: Images):
        self.images, self.read = images, []
        self.shape = images.shape

    def __len__(self) -> int:
        return len(self.images)

    def take(self, rows: np.ndarray) -> np.ndarray:
        self.read += rows.tolist()
        return self.images.take(rows)


def counting() -> tuple[TaskStream, Counting, Counting]:
    """The natural stream, and what it reads to train and to test."""
    dataset = make_data()
    train, test = Counting(dataset.train), Counting(dataset.test)
    watched = dataset._replace(train=train, test=test)
    return TaskStream.create(watched, num_tasks=3, class_order_seed=-1), train, test


def test_a_stream_reads_the_images_of_a_batch_when_the_batch_is_asked_for():
    stream, train, test = counting()
    stream.train_labels(0)
    stream.test_labels(0)
    assert train.read == test.read == []
    batch = stream.batch_at(0, batch_size=3, step=1, seed=0)
    assert train.read == pixels(batch.image) and len(train.read) == 3
    stream.ordered_batch_at(1, batch_size=3, step=2)
    assert train.read[3:] == [20, 21]
    stream.test_images(2, np.array([1]))
    assert test.read == [5]


def test_batches_in_order_are_read_no_further_ahead_than_a_few():
    dataset = make_data(num_classes=2, per_class=60)
    train = Counting(dataset.train)
    stream = TaskStream.create(dataset._replace(train=train), num_tasks=1)
    batches = stream.ordered_batches(0, batch_size=4)
    assert train.read == []
    next(batches)
    assert 4 <= len(train.read) <= 4 * (1 + AHEAD)


def test_a_part_reads_no_images_but_its_own():
    stream, train, _ = counting()
    batch = stream.part(1, 2).batch_at(0, batch_size=4, step=0, seed=0)
    assert len(train.read) == 2
    assert pixels(batch.image) == train.read


def test_a_part_of_the_batches_leaves_what_is_asked_for_by_position_whole():
    whole, part = natural(), natural().part(1, 2)
    assert trained(part, 1) == trained(whole, 1)
    assert part.train_labels(1).tolist() == whole.train_labels(1).tolist()
    assert part.test_sizes == whole.test_sizes


def test_images_of_several_tasks_are_read_at_once_in_the_order_in_which_they_are_asked_for():
    stream, train, _ = counting()
    tasks, positions = np.array([2, 0, 2, 1]), np.array([1, 3, 0, 3])
    images = pixels(stream.images_of_tasks(tasks, positions))
    assert train.read == images
    assert images == [
        trained(stream, task)[position]
        for task, position in zip(tasks.tolist(), positions.tolist(), strict=True)
    ]


def test_a_batch_of_chosen_images_is_filled_up_and_shared():
    stream, positions, slots = natural(), np.array([5, 2, 6]), np.array([40, 0, 7])
    whole = stream.batch_of(1, positions, slots, batch_size=4)
    assert pixels(whole.image)[:3] == [trained(stream, 1)[one] for one in (5, 2, 6)]
    assert whole.label[:3].tolist() == stream.train_labels(1)[[5, 2, 6]].tolist()
    assert whole.index.tolist() == [40, 0, 7, -1]
    parts = [stream.part(i, 2).batch_of(1, positions, slots, batch_size=4) for i in range(2)]
    for field, *own in zip(whole, *parts, strict=True):
        np.testing.assert_array_equal(field, np.concatenate(own))
    assert [stream.part(i, 2).own(8) for i in range(2)] == [slice(0, 4), slice(4, 8)]


def test_classes_keep_their_names():
    dataset = make_data()._replace(class_names=tuple("abcdef"))
    stream = TaskStream.create(dataset, num_tasks=3, class_order_seed=5)
    assert stream.class_names == tuple("abcdef"[original] for original in stream.class_order)


@pytest.mark.parametrize(("index", "count"), [(-1, 2), (2, 2), (0, 0)])
def test_an_impossible_part_is_refused(index, count):
    with pytest.raises(ValueError, match=rf"part {index} of {count}: need 0\.\."):
        natural().part(index, count)


def test_a_batch_that_parts_cannot_share_evenly_is_refused():
    part = natural().part(0, 2)
    for access in (
        lambda: part.batch_at(0, batch_size=5, step=0, seed=0),
        lambda: part.ordered_batches(0, batch_size=5),
        lambda: part.test_batches(0, batch_size=5),
    ):
        with pytest.raises(ValueError, match="batch_size=5: need a multiple of 2 parts"):
            access()


@pytest.mark.parametrize("task", [-1, 3])
def test_a_task_out_of_range_is_refused(task):
    stream = natural()
    for access in (
        stream.train_labels,
        stream.test_labels,
        lambda t: stream.train_images(t, np.arange(1)),
        lambda t: stream.test_images(t, np.arange(1)),
        lambda t: stream.batch_at(t, batch_size=1, step=0, seed=0),
        lambda t: stream.ordered_batches(t, batch_size=1),
        lambda t: stream.test_batches(t, batch_size=1),
    ):
        with pytest.raises(ValueError, match=rf"task={task}: the stream has tasks 0\.\.2"):
            access(task)


def test_impossible_batches_are_refused():
    stream = natural()
    with pytest.raises(ValueError, match="batch_size=0: need 1 or more"):
        stream.batch_at(0, batch_size=0, step=0, seed=0)
    with pytest.raises(ValueError, match="batch_size=0: need 1 or more"):
        stream.test_batches(0, batch_size=0)
    with pytest.raises(ValueError, match="step=-1, seed=0: need 0 or more"):
        stream.batch_at(0, batch_size=1, step=-1, seed=0)
    with pytest.raises(ValueError, match="step=0, seed=-1: need 0 or more"):
        stream.batch_at(0, batch_size=1, step=0, seed=-1)
