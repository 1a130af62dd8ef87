"""Shrinking: means over areas, by hand."""

import numpy as np
import pytest

from braincl_jax.data import RawData, shrunk


def raw_of(images: np.ndarray) -> RawData:
    labels = np.zeros(len(images), np.int64)
    return RawData(images, labels, images[:1], labels[:1], 1)


def test_whole_blocks_are_averaged_and_halves_round_up():
    image = np.array([[1, 2, 0, 0], [3, 4, 0, 1], [9, 9, 8, 8], [9, 9, 8, 0]], np.uint8)
    small = shrunk(raw_of(image[None, :, :, None]), 2)
    # (1 + 2 + 3 + 4) / 4 = 2.5, 1 / 4, 9, 24 / 4
    np.testing.assert_array_equal(small.x_train[0, :, :, 0], [[3, 0], [9, 6]])
    np.testing.assert_array_equal(small.x_test, small.x_train[:1])


def test_a_pixel_on_the_border_counts_on_both_sides_by_its_parts():
    row = np.array([30, 60, 90], np.uint8)
    image = np.broadcast_to(row[None, :, None], (3, 3, 1))
    small = shrunk(raw_of(np.stack([image, image])), 2).x_train
    # (30 + 60 / 2) / 1.5 = 40 and (60 / 2 + 90) / 1.5 = 80, in every row
    np.testing.assert_array_equal(small[1, :, :, 0], [[40, 80], [40, 80]])


def test_colours_stay_apart_and_an_even_image_stays_even():
    colours = np.array([7, 130, 255], np.uint8)
    images = np.broadcast_to(colours, (600, 10, 10, 3))  # more than are worked on at a time
    small = shrunk(raw_of(images), 3).x_train
    assert (small.shape, small.dtype) == ((600, 3, 3, 3), np.uint8)
    assert (small == colours).all()


def test_nothing_to_do_gives_the_data_set_back():
    raw = raw_of(np.zeros((1, 4, 4, 1), np.uint8))
    assert shrunk(raw, 0) is raw
    assert shrunk(raw, 4) is raw


@pytest.mark.parametrize(("shape", "side"), [((4, 4), 5), ((4, 6), 4), ((6, 4), 3)])
def test_only_square_images_shrink_and_none_grow(shape, side):
    with pytest.raises(ValueError, match=rf"image_side={side}, but images have {shape[0]}x"):
        shrunk(raw_of(np.zeros((1, *shape, 1), np.uint8)), side)
