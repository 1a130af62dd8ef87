"""Images of any shape brought to one: the middle of them, in grey or in colour."""

import numpy as np
import pytest
from PIL import Image

from braincl_jax.data import InMemory
from braincl_jax.data.fit import Fitted
from braincl_jax.data.sources.folder import Pictures

ALL = np.array([0])


def test_what_has_the_shape_already_keeps_its_pixels():
    pixels = np.random.default_rng(0).integers(0, 256, (3, 5, 7, 3)).astype(np.uint8)
    taken = Fitted(InMemory(pixels), (5, 7, 3)).take(np.array([2, 0]))
    np.testing.assert_array_equal(taken, pixels[[2, 0]])


def test_the_middle_of_a_wide_image_is_cut_out_and_shrunk():
    # Four columns of the middle, of 2x2 blocks of one value each.
    blocks = np.kron(np.array([[10, 20], [30, 40]], np.uint8), np.ones((2, 2), np.uint8))
    wide = np.concatenate(
        [np.full((4, 3), 255, np.uint8), blocks, np.full((4, 3), 255, np.uint8)], 1
    )
    fitted = Fitted(InMemory(wide[None, :, :, None]), (4, 4, 1)).take(ALL)
    np.testing.assert_array_equal(fitted[0, :, :, 0], blocks)
    halved = Fitted(InMemory(np.full((1, 8, 20, 1), 7, np.uint8)), (4, 4, 1)).take(ALL)
    assert (halved == 7).all() and halved.shape == (1, 4, 4, 1)


def test_grey_becomes_coloured_and_colours_become_grey_by_luminance():
    grey = np.full((1, 4, 4, 1), 100, np.uint8)
    assert Fitted(InMemory(grey), (2, 2, 3)).take(ALL).tolist() == [[[[100] * 3] * 2] * 2]
    green = np.zeros((1, 4, 4, 3), np.uint8)
    green[..., 1] = 200
    assert Fitted(InMemory(green), (4, 4, 1)).take(ALL)[0, 0, 0] == pytest.approx(
        0.587 * 200, abs=1
    )


def test_encoded_images_may_be_of_any_sizes(tmp_path):
    files = []
    for level, size in ((40, (6, 3)), (90, (8, 8))):
        files.append(tmp_path / f"{level}.png")
        Image.new("RGB", size, (level,) * 3).save(files[-1])
    fitted = Fitted(Pictures.of(files), (4, 4, 1))
    assert len(fitted) == 2
    assert [np.unique(image).tolist() for image in fitted.take(np.array([1, 0]))] == [[90], [40]]
