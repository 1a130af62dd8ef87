"""Images by random access: in memory, and in a file that is mapped."""

import numpy as np
import pytest

from braincl_jax.data import Images, InMemory, Mapped
from braincl_jax.data.images import checked_dims

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 3, 4, 3), np.uint8)


@pytest.fixture(params=["in memory", "a memmap", "mapped"])
def images(request, tmp_path) -> Images:
    if request.param == "in memory":
        return InMemory(PIXELS)
    file = tmp_path / "pixels"
    file.write_bytes(b"head" + PIXELS.tobytes())
    if request.param == "mapped":
        return Mapped.of(file, 4, (6, 3, 4, 3))
    return InMemory(np.memmap(file, np.uint8, "r", 4, PIXELS.shape))


def test_rows_come_in_any_order_and_as_often_as_they_are_asked_for(images):
    rows = np.array([5, 0, 5, 2])
    taken = images.take(rows)
    assert (images.shape, len(images)) == ((3, 4, 3), 6)
    assert type(taken) is np.ndarray and taken.dtype == np.uint8
    np.testing.assert_array_equal(taken, PIXELS[rows])
    assert images.take(np.array([], np.int64)).shape == (0, 3, 4, 3)


def test_what_was_taken_is_a_copy(images):
    images.take(np.arange(6))[:] = 0
    np.testing.assert_array_equal(images.take(np.arange(6)), PIXELS)


def test_rows_beyond_the_last_are_refused(images):
    with pytest.raises(IndexError, match="out of bounds"):
        images.take(np.array([6]))


def test_an_array_is_shared():
    array = PIXELS.copy()
    images = InMemory(array)
    array[2] = 9
    assert (images.take(np.array([2])) == 9).all()


def test_nothing_stays_mapped_between_two_takes(tmp_path):
    file = tmp_path / "pixels"
    file.write_bytes(PIXELS.tobytes())
    images = Mapped.of(file, 0, (6, 3, 4, 3))
    images.take(np.arange(6))
    with open("/proc/self/maps") as maps:
        assert str(file) not in maps.read()


def test_a_file_that_is_too_short_is_named(tmp_path):
    (tmp_path / "short").write_bytes(b"12")
    with pytest.raises(ValueError, match="short: cannot be mapped"):
        Mapped.of(tmp_path / "short", 0, (6, 3, 4, 3)).take(np.array([0]))


def test_dimensions_of_greyscale_arrays_get_a_channel():
    assert checked_dims("here", "this", np.dtype(np.uint8), (2, 3, 4)) == (2, 3, 4, 1)
    assert checked_dims("here", "this", np.dtype(np.uint8), (2, 3, 4, 3)) == (2, 3, 4, 3)


@pytest.mark.parametrize(
    ("dtype", "shape", "message"),
    [
        (np.int8, (2, 3, 4), "here: this has dtype int8; need uint8"),
        (np.uint8, (2, 3), r"here: this has shape \(2, 3\); need \[N, H, W\]"),
        (np.uint8, (2, 3, 4, 2), r"has shape \(2, 3, 4, 2\); need .* C 1 or 3"),
        (np.uint8, (0, 3, 4, 1), r"here: this is empty, shape \(0, 3, 4, 1\)"),
    ],
)
def test_other_arrays_are_refused(dtype, shape, message):
    with pytest.raises(ValueError, match=message):
        checked_dims("here", "this", np.dtype(dtype), shape)
