"""Decoding in threads: order, errors, shapes."""

import threading

import numpy as np
import pytest

from braincl_jax.data.sources.decoding import decode_all, in_threads, require_shape


def test_images_come_in_the_order_of_rows_whoever_is_first():
    first_may_end = threading.Event()

    def decode(row: int) -> np.ndarray:
        if row == 5:
            first_may_end.wait(1)  # the others overtake it where there is more than one core
        first_may_end.set()
        return np.full((2, 3, 1), row, np.uint8)

    images = decode_all(decode, np.array([5, 1, 7, 1]), (2, 3, 1))
    assert images.dtype == np.uint8
    assert images[:, 1, 2, 0].tolist() == [5, 1, 7, 1]


def test_no_row_gives_no_image():
    assert decode_all(lambda row: np.zeros(0), np.array([], int), (2, 3, 1)).shape == (0, 2, 3, 1)


def test_the_first_error_in_order_is_raised():
    def fail(item: int) -> int:
        if item % 2:
            raise ValueError(f"item {item}")
        return item

    with pytest.raises(ValueError, match="item 3"):
        in_threads(fail, [0, 3, 2, 1])


def test_an_image_of_another_shape_is_named():
    require_shape("this", [3, 4, 1], (3, 4, 1))
    with pytest.raises(
        ValueError, match=r"that has shape \(3, 4, 3\), the ones before \(3, 4, 1\)"
    ):
        require_shape("that", (3, 4, 3), (3, 4, 1))
