"""Sets of images, one after another."""

import numpy as np
import pytest

from braincl_jax.data import InMemory
from braincl_jax.data.sources.joined import joined


def some(number: int, channels: int, first: int, side: int = 2) -> InMemory:
    pixels = np.arange(first, first + number, dtype=np.uint8)[:, None, None, None]
    return InMemory(np.broadcast_to(pixels, (number, side, side, channels)))


def test_rows_run_through_all_parts_in_any_order():
    images = joined("here", [some(2, 3, 0), some(3, 3, 2), some(1, 3, 5)])
    assert (len(images), images.shape) == (6, (2, 2, 3))
    taken = images.take(np.array([5, 0, 2, 4, 2, 1]))
    assert taken.dtype == np.uint8
    assert taken[:, 1, 0, 2].tolist() == [5, 0, 2, 4, 2, 1]


def test_greyscale_images_are_rgb_where_others_are():
    images = joined("here", [some(1, 1, 7), some(1, 3, 9)])
    np.testing.assert_array_equal(images.take(np.array([0]))[0, 0, 0], [7, 7, 7])
    assert joined("here", [some(1, 1, 7), some(1, 1, 9)]).shape == (2, 2, 1)


def test_one_part_stays_what_it_is():
    part = some(2, 1, 0)
    assert joined("here", [part]) is part


def test_no_row_gives_no_image():
    images = joined("here", [some(1, 1, 7), some(1, 3, 9)])
    assert images.take(np.array([], int)).shape == (0, 2, 2, 3)


def test_images_of_several_sizes_are_refused():
    with pytest.raises(ValueError, match=r"here: images of sizes \[\(2, 2\), \(3, 3\)\]"):
        joined("here", [some(1, 1, 0), some(1, 1, 0, side=3)])
