"""Cutting a data set into tasks: the order of classes, who owns what, and what cannot be cut."""

import numpy as np
import pytest

from braincl_jax.data import Dataset, InMemory, TaskStream
from braincl_jax.data.tasks import cut


def make_data(num_classes: int = 6, per_class: int = 4, test_per_class: int = 2) -> Dataset:
    """Interleaved classes."""

    def split(count: int) -> tuple[np.ndarray, np.ndarray]:
        total = num_classes * count
        return np.zeros((total, 1, 1, 1), np.uint8), np.arange(total) % num_classes

    return Dataset.of_arrays(*split(per_class), *split(test_per_class))


def test_a_cut_shares_the_images_and_numbers_labels_in_the_order_of_classes():
    dataset = make_data()
    tasks = cut(dataset, num_tasks=2, classes_per_task=2, class_order_seed=5, validation_fraction=0)
    order = np.random.RandomState(5).permutation(6)[:4]
    assert (tasks.order.tolist(), tasks.per_task) == (order.tolist(), 2)
    assert tasks.train.images is dataset.train and tasks.test.images is dataset.test
    for pool, labels in ((tasks.train, dataset.train_labels), (tasks.test, dataset.test_labels)):
        for task, rows in enumerate(pool.rows):
            owned = np.isin(labels, order[2 * task : 2 * task + 2])
            assert rows.tolist() == np.flatnonzero(owned).tolist()
            assert (order[pool.label[rows]] == labels[rows]).all()


def test_held_out_images_are_training_images():
    dataset = make_data()
    tasks = cut(
        dataset, num_tasks=3, classes_per_task=0, class_order_seed=-1, validation_fraction=0.25
    )
    assert tasks.test.images is dataset.train
    # Row r has class r % 6, so the last image of each class is among the last six rows.
    assert [rows.tolist() for rows in tasks.test.rows] == [[18, 19], [20, 21], [22, 23]]
    assert tasks.train.rows[1].tolist() == [2, 3, 8, 9, 14, 15]


def test_the_default_class_order_is_that_of_the_field():
    dataset = make_data(num_classes=100, per_class=1, test_per_class=1)
    # The first classes of CIFAR-100 in the published order of iCaRL, PODNet and DER.
    published = (68, 56, 78, 8, 23, 84, 90, 65, 74, 76, 40, 89, 3, 92, 55, 9, 26, 80, 43, 38)
    assert TaskStream.create(dataset, num_tasks=10).class_order[:20] == published
    few = TaskStream.create(dataset, num_tasks=2, classes_per_task=5)
    assert few.class_order == published[:10]


def test_the_stream_leaves_the_global_random_state_alone():
    np.random.seed(3)
    expected = np.random.randint(1000)
    np.random.seed(3)
    TaskStream.create(make_data(), num_tasks=3)
    assert np.random.randint(1000) == expected


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
        TaskStream.create(make_data(), **arguments)


def test_a_class_whose_only_image_would_be_held_out_is_refused():
    with pytest.raises(ValueError, match="class 0 has 1 training images and would have none left"):
        TaskStream.create(
            make_data(per_class=1), num_tasks=2, class_order_seed=-1, validation_fraction=0.1
        )


def test_a_task_without_test_images_is_refused():
    dataset = make_data()
    two = InMemory(dataset.test.take(np.arange(2)))
    few = dataset._replace(test=two, test_labels=dataset.test_labels[:2])
    with pytest.raises(ValueError, match=r"task 1, of the classes \[2, 3\], has no test images"):
        TaskStream.create(few, num_tasks=3, class_order_seed=-1)
