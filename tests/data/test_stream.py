"""The task stream: which class in which task, which image in which batch."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from braincl_jax.data import RawData, TaskStream


def make_raw(num_classes: int = 6, per_class: int = 4, test_per_class: int = 2) -> RawData:
    """Interleaved classes; the only pixel of an image is its row, test images start at 100."""

    def split(count: int, first: int):
        total = num_classes * count
        images = np.arange(first, first + total, dtype=np.uint8).reshape(total, 1, 1, 1)
        return images, np.arange(total, dtype=np.int64) % num_classes

    return RawData(*split(per_class, 0), *split(test_per_class, 100), num_classes)


def pixels(image) -> list[int]:
    return np.asarray(image)[:, 0, 0, 0].tolist()


def natural(**kwargs) -> TaskStream:
    return TaskStream.create(make_raw(), num_tasks=3, class_order_seed=-1, **kwargs)


def test_the_default_class_order_is_that_of_the_field():
    raw = make_raw(num_classes=100, per_class=1, test_per_class=1)
    # The first classes of CIFAR-100 in the published order of iCaRL, PODNet and DER.
    published = (68, 56, 78, 8, 23, 84, 90, 65, 74, 76, 40, 89, 3, 92, 55, 9, 26, 80, 43, 38)
    assert TaskStream.create(raw, num_tasks=10).class_order[:20] == published
    few = TaskStream.create(raw, num_tasks=2, classes_per_task=5)
    assert few.class_order == published[:10]


def test_the_stream_leaves_the_global_random_state_alone():
    np.random.seed(3)
    expected = np.random.randint(1000)
    np.random.seed(3)
    TaskStream.create(make_raw(), num_tasks=3)
    assert np.random.randint(1000) == expected


def test_labels_are_positions_in_the_class_order_and_tasks_own_consecutive_ones():
    raw = make_raw()
    stream = TaskStream.create(raw, num_tasks=3, class_order_seed=5)
    for task in range(3):
        for split, source in ((stream.train(task), raw.y_train), (stream.test(task), raw.y_test)):
            assert split.label.dtype == np.int32 and split.image.dtype == np.uint8
            assert set(split.label.tolist()) == {2 * task, 2 * task + 1}
            original = [source[pixel % 100] for pixel in pixels(split.image)]
            assert original == [stream.class_order[label] for label in split.label]


def test_the_images_of_a_task_keep_the_order_of_the_source():
    stream = natural()
    # Row r has class r % 6, and task 1 owns classes 2 and 3.
    assert pixels(stream.train(1).image) == [2, 3, 8, 9, 14, 15, 20, 21]
    assert stream.train(1).label.tolist() == [2, 3, 2, 3, 2, 3, 2, 3]
    assert pixels(stream.test(1).image) == [102, 103, 108, 109]


def test_the_spec_counts_only_the_classes_used():
    stream = TaskStream.create(make_raw(), num_tasks=2, classes_per_task=1, class_order_seed=-1)
    assert stream.spec == ((1, 1, 1), 2, 2, (4, 4))
    assert stream.classes_per_task == 1
    assert stream.class_order == (0, 1)
    assert pixels(stream.test(1).image) == [101, 107]


def test_a_stream_cannot_be_changed():
    stream = natural()
    with pytest.raises(dataclasses.FrozenInstanceError):
        stream.classes_per_task = 3  # pyright: ignore[reportAttributeAccessIssue]
    stream.train(0).image[:] = 0
    assert pixels(stream.train(0).image)[:3] == [0, 1, 6]


def test_validation_takes_the_last_training_images_of_each_class_for_the_test_images():
    stream = natural(validation_fraction=0.25)
    # Four images a class: one is held out. Task 0 owns rows 0 1 6 7 12 13 18 19.
    assert pixels(stream.train(0).image) == [0, 1, 6, 7, 12, 13]
    assert pixels(stream.test(0).image) == [18, 19]
    assert stream.test(0).label.tolist() == [0, 1]
    assert stream.spec.task_sizes == (6, 6, 6)


def test_validation_holds_out_at_least_one_image_of_each_class():
    assert pixels(natural(validation_fraction=0.01).test(0).image) == [18, 19]


@settings(deadline=None, max_examples=25)
@given(st.integers(2, 12), st.floats(0.01, 0.5))
def test_validation_and_training_images_are_the_training_images_of_the_source(per_class, fraction):
    raw = make_raw(num_classes=4, per_class=per_class)
    stream = TaskStream.create(raw, num_tasks=2, validation_fraction=fraction)
    kept = [p for task in range(2) for p in pixels(stream.train(task).image)]
    held = [p for task in range(2) for p in pixels(stream.test(task).image)]
    assert sorted(kept + held) == list(range(4 * per_class))
    assert len(held) == 4 * max(1, round(fraction * per_class))


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 20), st.integers(0, 3), st.integers(0, 2**40))
def test_batches_cut_from_the_endless_stream_hold_every_image_once_an_epoch(size, task, seed):
    raw = make_raw(num_classes=4, per_class=7)
    stream = TaskStream.create(raw, num_tasks=4)
    batches = [stream.batch_at(task, batch_size=size, step=s, seed=seed) for s in range(21)]
    for batch in batches:
        assert batch.image.shape == (size, 1, 1, 1)
        assert (batch.image.dtype, batch.label.dtype, batch.index.dtype) == ("u1", "i4", "i4")
    index = np.concatenate([batch.index for batch in batches])
    for epoch in range(len(index) // 7):
        assert sorted(index[7 * epoch : 7 * epoch + 7].tolist()) == list(range(7))
    image = np.concatenate([batch.image for batch in batches])
    np.testing.assert_array_equal(image, stream.train(task).image[index])


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
    raw = make_raw(num_classes=2, per_class=50)
    stream = TaskStream.create(raw, num_tasks=2)
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


def test_a_part_reads_no_images_but_its_own():
    class Watched(np.ndarray):
        def __getitem__(self, rows):
            read.extend(rows.tolist())
            return np.asarray(self)[rows]

    read: list[int] = []
    stream = natural()
    pool = stream._train._replace(image=stream._train.image.view(Watched))
    part = dataclasses.replace(stream, _train=pool).part(1, 2)
    batch = part.batch_at(0, batch_size=4, step=0, seed=0)
    assert len(read) == 2
    assert pixels(batch.image) == read


def test_a_part_of_the_batches_leaves_tasks_whole():
    whole, part = natural(), natural().part(1, 2)
    np.testing.assert_array_equal(part.train(1).image, whole.train(1).image)
    assert part.test_sizes == whole.test_sizes


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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_tasks": 0}, r"num_tasks=0: need 1\.\.6"),
        ({"num_tasks": 7}, r"num_tasks=7: need 1\.\.6"),
        (
            {"num_tasks": 4},
            r"num_tasks=4 does not divide the 6 classes; need one of \[1, 2, 3, 6\]",
        ),
        (
            {"num_tasks": 2, "classes_per_task": 4},
            r"classes_per_task=4: 2 tasks share 6 classes; need 1\.\.3",
        ),
        ({"num_tasks": 2, "classes_per_task": -1}, r"classes_per_task=-1.*need 1\.\.3"),
        ({"num_tasks": 2, "class_order_seed": -2}, r"class_order_seed=-2: need 0\.\.4294967295"),
        ({"num_tasks": 2, "class_order_seed": 2**32}, "class_order_seed=4294967296: need"),
        ({"num_tasks": 2, "validation_fraction": 0.6}, r"validation_fraction=0\.6: need 0\.\.0\.5"),
        ({"num_tasks": 2, "validation_fraction": -0.1}, r"validation_fraction=-0\.1: need"),
        ({"num_tasks": 2, "validation_fraction": float("nan")}, "validation_fraction=nan: need"),
    ],
)
def test_impossible_streams_are_refused_with_what_is_possible(arguments, message):
    with pytest.raises(ValueError, match=message):
        TaskStream.create(make_raw(), **arguments)


def test_a_class_whose_only_image_would_be_held_out_is_refused():
    with pytest.raises(ValueError, match="class 0 has 1 training images and would have none left"):
        TaskStream.create(
            make_raw(per_class=1), num_tasks=2, class_order_seed=-1, validation_fraction=0.1
        )


def test_a_task_without_test_images_is_refused():
    raw = make_raw()
    few = raw._replace(x_test=raw.x_test[:2], y_test=raw.y_test[:2])
    with pytest.raises(ValueError, match=r"task 1, of the classes \[2, 3\], has no test images"):
        TaskStream.create(few, num_tasks=3, class_order_seed=-1)


@pytest.mark.parametrize("task", [-1, 3])
def test_a_task_out_of_range_is_refused(task):
    stream = natural()
    for access in (
        stream.train,
        stream.test,
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
