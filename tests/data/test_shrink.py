"""Shrinking: means over areas, by hand."""

import numpy as np
import pytest

from braincl_jax.data import Dataset, InMemory, Shrunk, shrunk


def data_of(images: np.ndarray) -> Dataset:
    labels = np.zeros(len(images), np.int64)
    return Dataset.of_arrays(images, labels, images[:1], labels[:1])


def small_of(images: np.ndarray, side: int) -> np.ndarray:
    return Shrunk(InMemory(images), side).take(np.arange(len(images)))


def test_whole_blocks_are_averaged_and_halves_round_up():
    image = np.array([[1, 2, 0, 0], [3, 4, 0, 1], [9, 9, 8, 8], [9, 9, 8, 0]], np.uint8)
    small = shrunk(data_of(image[None, :, :, None]), 2)
    # (1 + 2 + 3 + 4) / 4 = 2.5, 1 / 4, 9, 24 / 4
    for images in (small.train, small.test):
        assert (images.shape, len(images)) == ((2, 2, 1), 1)
        np.testing.assert_array_equal(images.take(np.array([0]))[0, :, :, 0], [[3, 0], [9, 6]])


def test_a_pixel_on_the_border_counts_on_both_sides_by_its_parts():
    row = np.array([30, 60, 90], np.uint8)
    image = np.broadcast_to(row[None, :, None], (3, 3, 1))
    small = small_of(np.stack([image, image]), 2)
    # (30 + 60 / 2) / 1.5 = 40 and (60 / 2 + 90) / 1.5 = 80, in every row
    np.testing.assert_array_equal(small[1, :, :, 0], [[40, 80], [40, 80]])


def test_colours_stay_apart_and_an_even_image_stays_even():
    colours = np.array([7, 130, 255], np.uint8)
    images = np.broadcast_to(colours, (600, 10, 10, 3))  # more than are worked on at a time
    small = small_of(images, 3)
    assert (small.shape, small.dtype) == ((600, 3, 3, 3), np.uint8)
    assert (small == colours).all()


def test_nothing_to_do_gives_the_data_set_back():
    data = data_of(np.zeros((1, 4, 4, 1), np.uint8))
    assert shrunk(data, 0) is data
    assert shrunk(data, 4) is data


@pytest.mark.parametrize(("shape", "side"), [((4, 4), 5), ((4, 6), 4), ((6, 4), 3)])
def test_only_square_images_shrink_and_none_grow(shape, side):
    with pytest.raises(ValueError, match=rf"image_side={side}, but images have {shape[0]}x"):
        shrunk(data_of(np.zeros((1, *shape, 1), np.uint8)), side)


def test_only_the_images_that_are_asked_for_are_read_and_shrunk():
    class Watched(InMemory):
        def take(self, rows: np.ndarray) -> np.ndarray:
            read.extend(rows.tolist())
            return super().take(rows)

    read: list[int] = []
    images = np.random.default_rng(0).integers(0, 256, (9, 10, 10, 3), np.uint8)
    small = Shrunk(Watched(images), 4)
    assert (len(small), small.shape, read) == (9, (4, 4, 3), [])
    np.testing.assert_array_equal(small.take(np.array([7, 2])), small_of(images, 4)[[7, 2]])
    assert read == [7, 2]
