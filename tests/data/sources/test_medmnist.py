"""Files of MedMNIST."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from braincl_jax.data import InMemory, Mapped, TaskStream, load_source
from tests.data.distributed import medmnist_arrays, write_medmnist


def test_images_and_labels_are_those_of_the_file(tmp_path, images):
    arrays = write_medmnist(tmp_path / "pathmnist_64.npz", channels=3, num_classes=3, side=64)
    data = load_source(f"medmnist:{tmp_path}/pathmnist_64.npz")
    np.testing.assert_array_equal(images(data.train), arrays["train_images"])
    np.testing.assert_array_equal(images(data.test), arrays["test_images"])
    assert data.train_labels.tolist() == [0, 1, 2, 0, 1, 2, 0, 1]
    assert data.test_labels.tolist() == [0, 1, 2, 0]
    assert data.class_names == ("pathmnist/0", "pathmnist/1", "pathmnist/2")


def test_images_to_validate_on_are_trained_on_where_the_name_says_so(tmp_path, images):
    arrays = write_medmnist(tmp_path / "octmnist.npz")
    apart = load_source(f"medmnist:{tmp_path}/octmnist.npz?val=apart")
    assert len(apart.train) == 8 and isinstance(apart.train, InMemory)
    data = load_source(f"medmnist:{tmp_path}/octmnist.npz?val=train")
    both = np.concatenate([arrays["train_images"], arrays["val_images"]])
    np.testing.assert_array_equal(images(data.train)[..., 0], both)
    assert data.train_labels.tolist() == [0, 1] * 6 and len(data.test) == 4


def test_an_unknown_option_is_refused_with_those_there_are(tmp_path):
    with pytest.raises(ValueError, match=r"octmnist\.npz\?val=yes.*need PATH\?val=apart\|train"):
        load_source(f"medmnist:{tmp_path}/octmnist.npz?val=yes")


def test_several_files_are_one_data_set_with_classes_one_after_another(tmp_path, images):
    grey = write_medmnist(tmp_path / "octmnist.npz", (4, 2, 2))
    colour = write_medmnist(tmp_path / "more/pathmnist.npz", (6, 3, 3), channels=3, num_classes=3)
    last = write_medmnist(tmp_path / "breastmnist.npz", (2, 2, 2), seed=1)
    name = f"medmnist:{tmp_path}/octmnist.npz+{tmp_path}/more/pathmnist.npz"
    data = load_source(f"{name}+{tmp_path}/breastmnist.npz?val=train")
    flags = ("octmnist/0", "octmnist/1", "pathmnist/0", "pathmnist/1", "pathmnist/2")
    assert data.class_names == (*flags, "breastmnist/0", "breastmnist/1")
    assert data.train.shape == (28, 28, 3)
    assert data.test_labels.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert data.train_labels.tolist() == [0, 1] * 3 + [2, 3, 4] * 3 + [5, 6] * 2
    taken = images(data.train)
    for channel in range(3):
        np.testing.assert_array_equal(taken[:4, ..., channel], grey["train_images"])
        np.testing.assert_array_equal(taken[4:6, ..., channel], grey["val_images"])
        np.testing.assert_array_equal(taken[-4:-2, ..., channel], last["train_images"])
    np.testing.assert_array_equal(taken[6:12], colour["train_images"])
    np.testing.assert_array_equal(images(data.test)[2:5], colour["test_images"])


def test_a_file_without_a_folder_lies_beside_the_first(tmp_path):
    write_medmnist(tmp_path / "octmnist.npz")
    write_medmnist(tmp_path / "breastmnist.npz")
    assert load_source(f"medmnist:{tmp_path}/octmnist.npz+breastmnist.npz").num_classes == 4


def test_an_unzipped_file_is_mapped(tmp_path, images):
    for channels, flag in ((1, "octmnist_64"), (3, "pathmnist_64")):
        write_medmnist(tmp_path / f"{flag}.npz", channels=channels, side=64)
        with zipfile.ZipFile(tmp_path / f"{flag}.npz") as archive:
            archive.extractall(tmp_path / flag)
        packed, unzipped = (
            load_source(f"medmnist:{tmp_path}/{flag}{end}?val=train") for end in (".npz", "")
        )
        assert isinstance(unzipped.test, Mapped)
        np.testing.assert_array_equal(images(unzipped.train), images(packed.train))
        np.testing.assert_array_equal(unzipped.train_labels, packed.train_labels)
        assert unzipped.class_names == packed.class_names


def test_a_stream_is_cut_from_several_files(tmp_path):
    write_medmnist(tmp_path / "octmnist.npz")
    write_medmnist(tmp_path / "pathmnist.npz", channels=3)
    data = load_source(f"medmnist:{tmp_path}/octmnist.npz+pathmnist.npz")
    stream = TaskStream.create(data, num_tasks=2, class_order_seed=-1)
    batch = stream.batch_at(1, batch_size=4, step=0, seed=0)
    assert batch.image.shape == (4, 28, 28, 3) and set(np.asarray(batch.label)) <= {2, 3}
    assert stream.class_names[2:] == ("pathmnist/0", "pathmnist/1")


def write(file: Path, **changes) -> str:
    """A file with some arrays changed or, if None, left out."""
    arrays = {**medmnist_arrays({"train": 4, "val": 2, "test": 2}), **changes}
    kept = {key: array for key, array in arrays.items() if array is not None}
    np.savez(file, allow_pickle=True, **kept)
    return f"medmnist:{file}"


ZENODO = "download it from https://zenodo.org/records/10519652"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"val_images": None}, rf"\['val_images'\] are missing; {ZENODO}"),
        (
            {"train_labels": np.zeros((4, 14), np.uint8)},
            r"train_labels is uint8\[4, 14\] for 4 images; need integers \[N, 1\].*multi-label",
        ),
        ({"test_labels": np.zeros((3, 1), np.uint8)}, r"test_labels is uint8\[3, 1\] for 2 images"),
        ({"test_labels": np.zeros((2, 1))}, r"test_labels is float64\[2, 1\]"),
        ({"train_labels": -np.ones((4, 1), int)}, r"train_labels .* below 0"),
        (
            {"train_images": np.zeros((4, 28, 28, 28), np.uint8)},
            r"train_images has shape \(4, 28, 28, 28\); need",
        ),
        ({"test_images": np.zeros((2, 28, 28))}, "test_images has dtype float64"),
        ({"test_images": np.uint8(1)}, r"test_images has shape \(\)"),
        (
            {
                "train_images": np.zeros((0, 28, 28), np.uint8),
                "train_labels": np.zeros((0, 1), int),
            },
            "train_images is empty",
        ),
        (
            {"test_labels": np.array([[0], [3]])},
            rf"no training image of the classes \[2, 3\]; {ZENODO}",
        ),
        (
            {"train_labels": np.array([[0], [0], [2], [2]])},
            r"no training image of the classes \[1\]",
        ),
        (
            {"train_labels": np.array([[0], ["a"], [0], [0]], object)},
            r"'train_labels' cannot be read",
        ),
    ],
)
def test_a_file_that_is_not_as_distributed_is_refused_by_name(tmp_path, changes, message):
    name = write(tmp_path / "octmnist.npz", **changes)
    with pytest.raises(ValueError, match=rf"medmnist:{tmp_path}/octmnist\.npz: .*{message}"):
        load_source(name)


def test_a_file_that_is_missing_or_no_archive_is_refused_with_where_to_get_it(tmp_path):
    with pytest.raises(ValueError, match=rf"octmnist\.npz: no such file; {ZENODO}"):
        load_source(f"medmnist:{tmp_path}/octmnist.npz")
    (tmp_path / "octmnist.npz").write_text("<html>")
    with pytest.raises(ValueError, match=rf"octmnist\.npz: not an \.npz file; {ZENODO}"):
        load_source(f"medmnist:{tmp_path}/octmnist.npz")
    (tmp_path / "pathmnist").mkdir()
    with pytest.raises(ValueError, match=rf"pathmnist: the arrays .* are missing; {ZENODO}"):
        load_source(f"medmnist:{tmp_path}/pathmnist")


def test_files_that_do_not_go_together_are_refused(tmp_path):
    write_medmnist(tmp_path / "octmnist.npz")
    write_medmnist(tmp_path / "octmnist_64.npz", side=64)
    write_medmnist(tmp_path / "pathmnist_64.npz", side=64)
    with pytest.raises(ValueError, match=r"sizes \[\(28, 28\), \(64, 64\)\] cannot be joined"):
        load_source(f"medmnist:{tmp_path}/octmnist.npz+pathmnist_64.npz")
    with pytest.raises(ValueError, match=r"\['octmnist', 'octmnist'\] names one of them twice"):
        load_source(f"medmnist:{tmp_path}/octmnist.npz+octmnist_64.npz")
