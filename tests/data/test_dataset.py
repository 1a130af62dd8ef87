"""Data sets: what is checked of them, without a look at a pixel."""

import numpy as np
import pytest

from braincl_jax.data import Dataset, InMemory
from braincl_jax.data.dataset import checked, of_mapping


class Unread:
    """Images that nobody may read."""

    shape = (4, 5, 1)

    def __init__(self, number: int):
        self.number = number

    def __len__(self) -> int:
        return self.number

    def take(self, rows: np.ndarray) -> np.ndarray:
        raise AssertionError("a pixel was read")


def dataset(**changes) -> Dataset:
    valid = Dataset(Unread(4), np.array([0, 1, 0, 1], np.uint8), Unread(2), np.array([1, 0]))
    return valid._replace(**changes)


def test_labels_become_int64_and_classes_without_names_are_called_by_their_numbers():
    data = checked("here", dataset())
    assert (data.train_labels.dtype, data.test_labels.dtype) == (np.int64, np.int64)
    assert (data.class_names, data.num_classes) == (("0", "1"), 2)


def test_what_is_checked_stays_as_it_is():
    once = checked("here", dataset(class_names=("cat", "dog")))
    again = checked("here", once)
    assert again.train is once.train and again.train_labels is once.train_labels
    assert again.class_names == ("cat", "dog")


def test_names_must_be_as_many_as_classes():
    with pytest.raises(ValueError, match="here: 3 class names for 2 classes"):
        checked("here", dataset(class_names=("cat", "dog", "emu")))


def test_images_to_train_and_to_test_on_must_be_alike():
    other = InMemory(np.zeros((2, 5, 5, 1), np.uint8))
    with pytest.raises(ValueError, match=r"here: .*\(4, 5, 1\), of x_test \(5, 5, 1\)"):
        checked("here", dataset(test=other))


def test_arrays_are_shared_and_greyscale_ones_get_a_channel():
    grey = np.zeros((4, 2, 3), np.uint8)
    data = Dataset.of_arrays(grey, [0, 1, 0, 1], grey[:1], [1], ["cat", "dog"])
    assert (data.train.shape, data.class_names) == ((2, 3, 1), ("cat", "dog"))
    grey[3] = 8
    assert (data.train.take(np.array([3])) == 8).all()


def test_arrays_that_are_missing_are_named():
    with pytest.raises(ValueError, match=r"here: the arrays \['y_train', 'y_test'\] are missing"):
        of_mapping("here", {"x_train": np.zeros(1), "x_test": np.zeros(1)})


def test_domains_of_training_images_are_kept_as_int64():
    assert checked("here", dataset()).train_domains is None
    data = checked("here", dataset(train_domains=np.array([1, 1, 0, 2], np.uint8)))
    assert data.train_domains is not None and data.train_domains.dtype == np.int64
    assert data.train_domains.tolist() == [1, 1, 0, 2]


@pytest.mark.parametrize(
    ("domains", "message"),
    [
        ([0, 1, 1], r"train_domains has shape \(3,\); need \(4,\)"),
        ([0.0, 1.0, 1.0, 0.0], "train_domains has dtype float64; need integers"),
        ([0, 2, 2, 0], r"train_domains are \[0, 2\]; need every one of 0\.\.D-1"),
        ([0, -1, 0, 0], r"train_domains are \[-1, 0\]; need"),
    ],
)
def test_domains_must_be_counted_from_0_one_for_each_training_image(domains, message):
    with pytest.raises(ValueError, match=f"here: {message}"):
        checked("here", dataset(train_domains=np.array(domains)))
