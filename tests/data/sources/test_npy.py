"""Arrays in a file each."""

from pathlib import Path

import numpy as np
import pytest

from braincl_jax.data import Mapped, load_source
from braincl_jax.data.stamps import ChangedError


@pytest.fixture
def npy(arrays, tmp_path: Path):
    """Writes the arrays, with some changed, into a folder; its name as a source."""

    def write(**changes) -> str:
        for key, array in arrays(**changes).items():
            np.save(tmp_path / f"{key}.npy", array)
        return f"npy:{tmp_path}"

    return write


def test_the_images_are_those_of_the_files_and_labels_are_int64(npy, arrays, images):
    data = load_source(npy(y_train=np.array([0, 1, 0, 1], np.uint8)))
    expected = arrays()
    assert isinstance(data.train, Mapped) and len(data.train) == 4
    np.testing.assert_array_equal(images(data.train), expected["x_train"])
    np.testing.assert_array_equal(images(data.test), expected["x_test"])
    assert data.train_labels.tolist() == [0, 1, 0, 1] and data.train_labels.dtype == np.int64
    assert data.class_names == ("0", "1")


def test_greyscale_images_get_a_channel_axis(npy, arrays, images):
    grey = arrays()["x_train"][..., 0]
    data = load_source(npy(x_train=grey, x_test=grey[:2]))
    assert data.train.shape == (5, 6, 1)
    np.testing.assert_array_equal(images(data.train)[..., 0], grey)


def test_no_pixel_is_read_before_it_is_asked_for(npy, tmp_path):
    name = npy()
    # A file of 90 gigabytes, nearly all hole: nobody could read it in the time of a test.
    dims = (10**6, 300, 300, 1)
    with open(tmp_path / "x_train.npy", "wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": dims}
        np.lib.format.write_array_header_1_0(file, header)
        file.seek(int(np.prod(dims)) - 1, 1)
        file.write(b"\x07")
    np.save(tmp_path / "x_test.npy", np.zeros((2, 300, 300), np.uint8))
    np.save(tmp_path / "y_train.npy", np.resize(np.arange(2, dtype=np.int8), dims[0]))
    data = load_source(name)
    assert len(data.train) == 10**6
    assert data.train.take(np.array([10**6 - 1, 0]))[:, -1, -1, 0].tolist() == [7, 0]


def test_missing_and_damaged_files_are_refused_by_name(npy, tmp_path):
    with pytest.raises(ValueError, match="nowhere: no such folder"):
        load_source(f"npy:{tmp_path}/nowhere")
    name = npy()
    whole = (tmp_path / "x_test.npy").read_bytes()
    (tmp_path / "x_test.npy").write_bytes(whole[:-1])
    with pytest.raises(ValueError, match=r"npy:.*x_test\.npy cannot be read"):
        load_source(name)
    (tmp_path / "x_test.npy").unlink()
    with pytest.raises(ValueError, match=r"the arrays \['x_test'\] are missing"):
        load_source(name)


def test_arrays_of_another_order_kind_or_dtype_are_refused(npy, arrays, tmp_path):
    with pytest.raises(ValueError, match=r"x_train\.npy is in Fortran order"):
        load_source(npy(x_train=np.asfortranarray(arrays()["x_train"])))
    with pytest.raises(ValueError, match="x_train has dtype float64; need uint8"):
        load_source(npy(x_train=np.zeros((4, 5, 6, 3))))
    with pytest.raises(ValueError, match=r"x_train is empty, shape \(0, 5, 6, 3\)"):
        load_source(npy(x_train=np.zeros((0, 5, 6, 3), np.uint8)))
    with pytest.raises(ValueError, match=r"y_train\.npy cannot be read: Object arrays"):
        load_source(npy(y_train=np.array([0, "one", 0, 1], object)))


def test_a_file_that_vanished_since_is_named(npy, tmp_path):
    data = load_source(npy())
    (tmp_path / "x_train.npy").unlink()
    with pytest.raises(ValueError, match=r"x_train\.npy: cannot be mapped"):
        data.train.take(np.array([0]))


def test_a_file_that_changed_since_is_named(npy, tmp_path, arrays):
    data = load_source(npy())
    np.save(tmp_path / "x_train.npy", arrays()["x_train"][:3])
    with pytest.raises(ChangedError, match=r"x_train\.npy: has changed since the run began"):
        data.train.take(np.array([0]))
