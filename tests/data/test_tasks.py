"""Cutting a data set into tasks: the order of classes, who owns what, and what cannot be cut."""

from typing import Any

import numpy as np
import pytest

from braincl_jax.config import ProtocolConfig
from braincl_jax.data import Dataset, InMemory, TaskStream
from braincl_jax.data.tasks import Tasks, cut


def make_data(num_classes: int = 6, per_class: int = 4, test_per_class: int = 2) -> Dataset:
    """Interleaved classes."""

    def split(count: int) -> tuple[np.ndarray, np.ndarray]:
        total = num_classes * count
        return np.zeros((total, 1, 1, 1), np.uint8), np.arange(total) % num_classes

    return Dataset.of_arrays(*split(per_class), *split(test_per_class))


def cut_equally(dataset: Dataset, **options: Any) -> Tasks:
    usual: dict[str, Any] = {"classes_per_task": 0, "class_order_seed": -1}
    usual |= {"validation_fraction": 0, "protocol": ProtocolConfig()}
    return cut(dataset, **(usual | options))


def test_a_cut_shares_the_images_and_numbers_labels_in_the_order_of_classes():
    dataset = make_data()
    tasks = cut_equally(dataset, num_tasks=2, classes_per_task=2, class_order_seed=5)
    order = np.random.RandomState(5).permutation(6)[:4]
    assert (tasks.order.tolist(), tasks.classes) == (order.tolist(), ((0, 1), (2, 3)))
    assert tasks.train.images is dataset.train and tasks.test.images is dataset.test
    for pool, labels in ((tasks.train, dataset.train_labels), (tasks.test, dataset.test_labels)):
        for task, rows in enumerate(pool.rows):
            owned = np.isin(labels, order[2 * task : 2 * task + 2])
            assert rows.tolist() == np.flatnonzero(owned).tolist()
            assert (order[pool.label[rows]] == labels[rows]).all()


def test_held_out_images_are_training_images():
    dataset = make_data()
    tasks = cut_equally(dataset, num_tasks=3, class_order_seed=-1, validation_fraction=0.25)
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
            r"num_tasks=4: 6 classes cannot be shared out in equal parts; need one of \[1, 2, 3, 6\]",
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


def test_unequal_tasks_have_consecutive_classes_of_the_order_and_the_rest_is_left_out():
    dataset, protocol = make_data(), ProtocolConfig(classes_of_tasks=(3, 1, 1))
    tasks = cut_equally(dataset, num_tasks=3, class_order_seed=5, protocol=protocol)
    order = np.random.RandomState(5).permutation(6)[:5].tolist()
    assert (tasks.order.tolist(), tasks.classes) == (order, ((0, 1, 2), (3,), (4,)))
    for task, labels in enumerate(tasks.classes):
        rows = tasks.train.rows[task]
        originals = [order[label] for label in labels]
        assert rows.tolist() == np.flatnonzero(np.isin(dataset.train_labels, originals)).tolist()
        assert set(tasks.train.label[rows].tolist()) == set(labels)
        assert len(tasks.test.rows[task]) == 2 * len(labels)


def test_of_too_many_images_of_a_class_evenly_spaced_ones_are_kept_to_train_on():
    # Rows of class 0 are 0, 6, 12, ..., 54.
    dataset = make_data(per_class=10)
    kept = cut_equally(dataset, num_tasks=6, protocol=ProtocolConfig(max_per_class=4))
    assert kept.train.rows[0].tolist() == [0, 12, 30, 42]
    assert [len(rows) for rows in kept.train.rows] == [4] * 6
    assert [len(rows) for rows in kept.test.rows] == [2] * 6
    whole = cut_equally(dataset, num_tasks=6)
    for most in (0, 10, 10**30):
        same = cut_equally(dataset, num_tasks=6, protocol=ProtocolConfig(max_per_class=most))
        assert [rows.tolist() for rows in same.train.rows] == [
            rows.tolist() for rows in whole.train.rows
        ]
    # Of those kept, some are held out.
    held = cut_equally(
        dataset, num_tasks=6, protocol=ProtocolConfig(max_per_class=4), validation_fraction=0.25
    )
    assert (held.train.rows[0].tolist(), held.test.rows[0].tolist()) == ([0, 12, 30], [42])


DOMAINS = ProtocolConfig(incremental="domains")


def with_domains(per_class: int = 4) -> Dataset:
    """The first half of the images is of domain 1, the second of domain 0."""
    dataset = make_data(per_class=per_class)
    number = len(dataset.train_labels)
    return dataset._replace(train_domains=(np.arange(number) < number // 2).astype(np.int64))


def test_domains_are_tasks_with_all_classes_that_are_tested_on_one_set():
    stream = TaskStream.create(with_domains(), num_tasks=2, class_order_seed=5, protocol=DOMAINS)
    order = np.random.RandomState(5).permutation(6)
    assert stream.class_order == tuple(order)
    assert stream.spec.task_classes == (tuple(range(6)),) * 2
    assert stream.spec.task_sizes == (12, 12)
    for task in range(2):
        assert (order[stream.train_labels(task)] == np.arange(12) % 6).all()
        assert (order[stream.test_labels(task)] == np.arange(12) % 6).all()
    assert stream.test_sizes == (12, 12)
    assert [stream.tested_as(task) for task in range(2)] == [0, 0]


def test_the_images_of_a_domain_keep_the_order_of_the_source():
    tasks = cut_equally(with_domains(), num_tasks=2, protocol=DOMAINS)
    assert [rows.tolist() for rows in tasks.train.rows] == [[*range(12, 24)], [*range(12)]]


def test_of_every_class_of_every_domain_some_images_are_held_out():
    tasks = cut_equally(with_domains(), num_tasks=2, protocol=DOMAINS, validation_fraction=0.5)
    assert [rows.tolist() for rows in tasks.train.rows] == [[*range(12, 18)], [*range(6)]]
    assert tasks.test.images is tasks.train.images
    assert [rows.tolist() for rows in tasks.test.rows] == [[*range(6, 12), *range(18, 24)]] * 2


def test_tasks_of_classes_are_tested_each_on_their_own():
    stream = TaskStream.create(make_data(), num_tasks=3)
    assert [stream.tested_as(task) for task in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match=r"task=3: the stream has tasks 0\.\.2"):
        stream.tested_as(3)


@pytest.mark.parametrize(
    ("dataset", "options", "message"),
    [
        (make_data(), {"num_tasks": 2}, "tells no domains .*; need one .*incremental=classes"),
        (with_domains(), {"num_tasks": 3}, "num_tasks=3: the data set has 2 domains; need 2"),
        (with_domains(), {"num_tasks": 2, "classes_per_task": 3}, "classes_per_task=3 .* need 0"),
    ],
)
def test_domains_that_cannot_be_tasks_are_refused(dataset, options, message):
    with pytest.raises(ValueError, match=message):
        TaskStream.create(dataset, protocol=DOMAINS, **options)


def test_a_domain_without_images_of_the_chosen_classes_is_refused():
    dataset = with_domains()
    domains = np.where(dataset.train_labels == 0, 1, np.arange(24) < 12)
    protocol = ProtocolConfig(incremental="domains", classes="0")
    with pytest.raises(ValueError, match=r"task 0, of the classes \[0\], has no training images"):
        cut_equally(dataset._replace(train_domains=domains), num_tasks=2, protocol=protocol)
