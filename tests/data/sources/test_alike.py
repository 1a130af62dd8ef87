"""Encoded images of one size, as they are."""

import io

import numpy as np
import pytest
from PIL import Image

from braincl_jax.data.images import Encoded
from braincl_jax.data.sources.alike import Alike
from braincl_jax.data.sources.headers import Headers


class Strings:
    """PNG files in memory, by mode and size (width, height); the third number tells them apart."""

    def __init__(self, *made: tuple[str, tuple[int, int]], channels: int = 3) -> None:
        self.channels = channels
        self.files = []
        for level, (mode, size) in enumerate(made):
            file = io.BytesIO()
            Image.new(mode, size, level if mode == "L" else (level, 0, 9)).save(file, "PNG")
            self.files.append(file.getvalue())

    def __len__(self):
        return len(self.files)

    def open(self, row):
        return io.BytesIO(self.files[row])

    def name(self, row):
        return f"number {row}"


def alike(*made, channels: int = 3) -> Alike:
    images = Strings(*made, channels=channels)
    return Alike(images, Headers("here", [images]))


def test_they_are_shown_as_they_are_and_can_still_be_opened():
    images = alike(("RGB", (3, 2)), ("RGB", (3, 2)))
    assert isinstance(images, Encoded)
    assert (len(images), images.shape, images.name(1)) == (2, (2, 3, 3), "number 1")
    found = images.take(np.array([1, 0, 1]))
    assert found.dtype == np.uint8 and found.shape == (3, 2, 3, 3)
    np.testing.assert_array_equal(found[:, 0, 0], [[1, 0, 9], [0, 0, 9], [1, 0, 9]])
    with images.open(1) as file, Image.open(file) as picture:
        assert picture.size == (3, 2)


@pytest.mark.parametrize(
    ("modes", "channels", "expected"),
    [(("L", "L"), 3, 1), (("L", "RGB"), 3, 3), (("L", "RGB"), 1, 1)],
)
def test_they_have_as_many_colours_as_one_of_them_and_the_source_allow(modes, channels, expected):
    images = alike(*((mode, (4, 4)) for mode in modes), channels=channels)
    assert images.shape == (4, 4, expected)
    assert images.take(np.array([0])).shape == (1, 4, 4, expected)


def test_images_of_two_sizes_have_no_shape():
    with pytest.raises(ValueError, match=r"number 1 has shape \(5, 4\), the"):
        _ = alike(("L", (4, 4)), ("L", (4, 5))).shape
