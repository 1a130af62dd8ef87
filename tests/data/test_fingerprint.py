"""A stream's fingerprint: of its content, all of it, and of nothing else."""

import hashlib
from typing import Any

import numpy as np
import pytest

from braincl_jax.data import Dataset, TaskStream
from braincl_jax.data.fingerprint import fingerprint


def arrays() -> dict[str, Any]:
    rng = np.random.default_rng(0)

    def images(number: int) -> np.ndarray:
        return rng.integers(0, 256, (number, 4, 4, 1), np.uint8)

    return {
        "x_train": images(24),
        "y_train": np.arange(24) % 4,
        "x_test": images(8),
        "y_test": np.arange(8) % 4,
    }


def stream_of(arrays: dict[str, Any], **options) -> TaskStream:
    return TaskStream.create(Dataset.of_arrays(**arrays), num_tasks=2, **options)


def test_it_is_the_sha256_of_labels_and_pixels_in_order():
    stream = stream_of(arrays())
    content = b""
    for images, labels in (
        (stream.train_images, stream.train_labels),
        (stream.test_images, stream.test_labels),
    ):
        for task in range(2):
            of_task = labels(task)
            content += f"{len(of_task)} ".encode() + of_task.astype("<i8").tobytes()
            content += images(task, np.arange(len(of_task))).tobytes()
    assert fingerprint(stream) == hashlib.sha256(content).hexdigest()


def test_the_same_content_elsewhere_has_the_same(tmp_path):
    assert fingerprint(stream_of(arrays())) == fingerprint(stream_of(arrays()).part(1, 2))


def one_pixel(found: dict[str, np.ndarray], key: str) -> None:
    found[key][-1, 3, 3, 0] ^= 1


@pytest.mark.parametrize("key", ["x_train", "x_test"])
def test_one_pixel_makes_another(key):
    changed = arrays()
    one_pixel(changed, key)
    assert fingerprint(stream_of(changed)) != fingerprint(stream_of(arrays()))


def test_two_labels_that_change_places_make_another():
    changed = arrays()
    changed["y_train"][[0, 1]] = changed["y_train"][[1, 0]]
    assert fingerprint(stream_of(changed)) != fingerprint(stream_of(arrays()))


@pytest.mark.parametrize("options", [{"class_order_seed": 3}, {"validation_fraction": 0.4}])
def test_another_order_or_split_makes_another(options):
    assert fingerprint(stream_of(arrays(), **options)) != fingerprint(stream_of(arrays()))


def test_of_many_images_some_are_read_the_first_and_the_last_among_them(monkeypatch):
    stream, read = stream_of(arrays()), []
    train_images = TaskStream.train_images

    def watched(self, task, positions):
        read.append(positions.tolist())
        return train_images(self, task, positions)

    monkeypatch.setattr(TaskStream, "train_images", watched)
    fingerprint(stream, most_bytes=2 * 3 * 16)  # three images of each of the two tasks
    assert read == [[0, 5, 11], [0, 5, 11]]
