"""Resizing: torchvision's own results, and by hand."""

import io
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest
from PIL import Image

from braincl_jax.data import InMemory, Resized

ORACLE = Path(__file__).parents[1] / "oracles" / "resized.npz"


class Pngs:
    """Encoded images of any sizes."""

    channels = 3

    def __init__(self, *images: np.ndarray) -> None:
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    @property
    def shape(self) -> tuple[int, int, int]:
        raise AssertionError("nobody needs it")

    def take(self, rows: np.ndarray) -> np.ndarray:
        raise AssertionError("nobody needs it")

    def open(self, row: int) -> BinaryIO:
        file = io.BytesIO()
        Image.fromarray(self.images[row]).save(file, "png")
        file.seek(0)
        return file

    def name(self, row: int) -> str:
        return f"image {row}"


def test_it_gives_what_torchvision_gives_bit_for_bit():
    with np.load(ORACLE) as oracle:
        for number, (_, _, short, side) in enumerate(oracle["cases"].tolist()):
            image, expected = oracle[f"image{number}"], oracle[f"result{number}"]
            for images in (Pngs(image), InMemory(image[None])):
                resized = Resized(images, short, side)
                assert resized.shape == (side, side, 3)
                np.testing.assert_array_equal(resized.take(np.array([0]))[0], expected)


def test_images_of_any_sizes_come_in_the_order_of_their_rows():
    images = Pngs(*(np.full((5 + row, 9 - row, 3), row, np.uint8) for row in range(5)))
    resized = Resized(images, 4, 3)
    taken = resized.take(np.array([4, 0, 4, 2]))
    assert (len(resized), taken.shape, taken.dtype) == (5, (4, 3, 3, 3), np.uint8)
    assert [sorted(set(image.ravel().tolist())) for image in taken] == [[4], [0], [4], [2]]
    assert resized.take(np.array([], np.int64)).shape == (0, 3, 3, 3)


def test_the_square_is_cut_out_of_the_middle():
    # Of the right size already: nothing is averaged.
    pixels = np.arange(4 * 8, dtype=np.uint8).reshape(1, 4, 8, 1)
    square = Resized(InMemory(pixels), 4, 2).take(np.array([0]))[0, :, :, 0]
    np.testing.assert_array_equal(square, pixels[0, 1:3, 3:5, 0])


def test_a_greyscale_array_stays_one():
    pixels = np.zeros((2, 6, 8, 1), np.uint8)
    assert Resized(InMemory(pixels), 3, 2).take(np.array([1])).shape == (1, 2, 2, 1)


def test_a_strip_that_would_become_huge_is_refused_by_name():
    with pytest.raises(ValueError, match=r"image 1: 1x9000 pixels; with resize_side=256 it would"):
        Resized(Pngs(*(np.zeros((1, n, 3), np.uint8) for n in (3, 9000))), 256, 224).take(
            np.array([1])
        )
