"""Arrays in an .npz file."""

from pathlib import Path

import numpy as np
import pytest

from braincl_jax.data import load_source


@pytest.fixture
def npz(arrays, tmp_path: Path):
    """Writes an .npz file of the arrays with some changed; its name as a source."""

    def write(**changes) -> str:
        np.savez(tmp_path / "data.npz", allow_pickle=True, **arrays(**changes))
        return f"npz:{tmp_path / 'data.npz'}"

    return write


def test_the_arrays_come_back_with_int64_labels(arrays, images, npz):
    data = load_source(npz(y_train=np.array([0, 1, 0, 1], np.uint8)))
    expected = arrays()
    np.testing.assert_array_equal(images(data.train), expected["x_train"])
    np.testing.assert_array_equal(images(data.test), expected["x_test"])
    assert data.train_labels.tolist() == [0, 1, 0, 1] and data.train_labels.dtype == np.int64
    assert data.test_labels.tolist() == [1, 0] and data.num_classes == 2


def test_greyscale_images_get_a_channel_axis(arrays, images, npz):
    grey = arrays()["x_train"][..., 0]
    data = load_source(npz(x_train=grey, x_test=grey[:2]))
    assert images(data.train).shape == (4, 5, 6, 1)
    np.testing.assert_array_equal(images(data.train)[..., 0], grey)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"npz:.*nothing\.npz: no such file"):
        load_source(f"npz:{tmp_path / 'nothing.npz'}")


def test_a_file_of_another_kind_is_refused(tmp_path):
    np.save(tmp_path / "one.npy", np.zeros(3))
    with pytest.raises(ValueError, match=r"one\.npy: not an \.npz file"):
        load_source(f"npz:{tmp_path / 'one.npy'}")


def test_pickled_and_damaged_arrays_are_refused_by_name(tmp_path, npz):
    with pytest.raises(ValueError, match="array 'y_train' cannot be read: Object arrays"):
        load_source(npz(y_train=np.array([0, "one", 0, 1], object)))
    name = npz()
    content = bytearray((tmp_path / "data.npz").read_bytes())
    content[200] ^= 255  # in the pixels of x_train, the first member
    (tmp_path / "data.npz").write_bytes(content)
    with pytest.raises(ValueError, match="array 'x_train' cannot be read: Bad CRC"):
        load_source(name)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"x_test": None, "y_test": None, "labels": np.zeros(2)},
            r"\['x_test', 'y_test'\] are missing; it has \['labels', 'x_train', 'y_train'\]",
        ),
        ({"x_train": np.zeros((4, 5, 6, 3))}, "x_train has dtype float64; need uint8"),
        (
            {"x_test": np.zeros((2, 30), np.uint8)},
            r"x_test has shape \(2, 30\); need \[N, H, W",
        ),
        ({"x_train": np.zeros((4, 5, 6, 2), np.uint8)}, r"\(4, 5, 6, 2\); need .* C 1 or 3"),
        (
            {"x_test": np.zeros((0, 5, 6, 3), np.uint8)},
            r"x_test is empty, shape \(0, 5, 6, 3\)",
        ),
        ({"x_test": np.zeros((2, 5, 5, 3), np.uint8)}, r"\(5, 6, 3\), of x_test \(5, 5, 3\)"),
        ({"y_train": np.array([0, 1, 0])}, r"y_train has shape \(3,\); need \(4,\)"),
        ({"y_test": np.array([[1], [0]])}, r"y_test has shape \(2, 1\); need \(2,\)"),
        ({"y_train": np.array([0.0, 1, 0, 1])}, "y_train has dtype float64; need integers"),
        (
            {"y_train": np.array([0, 4, 2, 4])},
            r"3 classes .* up to 4; .* missing are \[1, 3\]\.",
        ),
        ({"y_train": np.array([0, 1, 2, 10**9])}, r"missing are \[3, 4, .*, 12\] and more"),
        ({"y_train": np.array([0, -1, 1, 1])}, "y_train has label -1; need 0..K-1"),
        ({"y_test": np.array([1, 2])}, r"y_test has label 2; y_train has 0\.\.1"),
        ({"y_test": np.array([-1, 1])}, r"y_test has label -1; y_train has 0\.\.1"),
    ],
)
def test_arrays_that_do_not_fit_are_refused_with_what_was_found(tmp_path, changes, message, npz):
    with pytest.raises(ValueError, match=message) as refusal:
        load_source(npz(**changes))
    assert f"npz:{tmp_path}" in str(refusal.value)
