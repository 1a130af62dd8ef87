"""A subset of test images: which ones, and that pixels and labels belong together."""

import numpy as np

from braincl_jax.config import ProtocolConfig
from braincl_jax.data import Dataset, TaskStream
from braincl_jax.data.subset import subset_of


def stream_of(incremental: str = "classes") -> TaskStream:
    """Two tasks of two classes; the grey level of a test image is its row, and row % 4 its class."""
    label = np.arange(12) % 4
    images = np.broadcast_to(np.arange(12, dtype=np.uint8)[:, None, None, None], (12, 2, 2, 1))
    dataset = Dataset.of_arrays(images, label, images, label)
    if incremental == "domains":
        dataset = dataset._replace(train_domains=np.arange(12) // 4 % 2)
    protocol = ProtocolConfig(incremental=incremental)
    return TaskStream.create(dataset, num_tasks=2, class_order_seed=-1, protocol=protocol)


def test_all_images_of_the_tasks_so_far_each_with_its_label():
    subset = subset_of(stream_of(), last_task=1, most=100)
    assert subset.task.tolist() == [0] * 6 + [1] * 6
    rows = subset.take(np.arange(12))[:, 0, 0, 0]
    assert rows.tolist() == [0, 1, 4, 5, 8, 9, 2, 3, 6, 7, 10, 11]
    np.testing.assert_array_equal(subset.label, rows % 4)
    assert len(subset_of(stream_of(), last_task=0, most=100)) == 6


def test_some_images_come_in_any_order():
    subset = subset_of(stream_of(), last_task=1, most=5)
    assert len(subset) == 5 and subset.shape == (2, 2, 1)
    whole = subset.take(np.arange(5))
    rows = np.array([4, 0, 4, 2])
    np.testing.assert_array_equal(subset.take(rows), whole[rows])
    np.testing.assert_array_equal(whole[:, 0, 0, 0] % 4, subset.label)


def test_a_set_that_tasks_share_is_taken_once():
    assert len(subset_of(stream_of("domains"), last_task=1, most=100)) == 12
