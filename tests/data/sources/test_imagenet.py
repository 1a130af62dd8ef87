"""ImageNet-1K, with images to test on in folders or flat."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from braincl_jax.data import Dataset, TaskStream, load_source
from tests.data.distributed import (
    WNIDS,
    imagenet_devkit,
    write_devkit,
    write_flat,
    write_imagenet_train,
    write_imagenet_val,
    write_solution,
)

# The classes of the images of a flat val.
LABELS = (2, 0, 3, 1, 2)
META, TRUTH = "data/meta.mat", "data/ILSVRC2012_validation_ground_truth.txt"


@pytest.fixture
def folder(tmp_path) -> Path:
    """Two training images of each class, and a flat val without labels."""
    write_imagenet_train(tmp_path)
    write_imagenet_val(tmp_path, LABELS)
    return tmp_path


def load(folder: Path) -> Dataset:
    return load_source(f"imagenet:{folder}")


def assert_told_by_colours(data: Dataset, images) -> None:
    """Red of an image is 40 times its class; JPEG keeps it nearly."""
    for some, labels in ((data.train, data.train_labels), (data.test, data.test_labels)):
        red = images(some)[:, 4, 4, 0].astype(int)
        np.testing.assert_array_equal((red + 20) // 40, labels)


@pytest.mark.parametrize("packed", [False, True], ids=["unpacked", "packed"])
def test_the_devkit_labels_a_flat_val(folder, images, packed):
    write_devkit(folder, imagenet_devkit(WNIDS, LABELS), packed)
    data = load(folder)
    assert data.class_names == WNIDS
    assert data.train_labels.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert data.test_labels.tolist() == list(LABELS)
    assert_told_by_colours(data, images)
    # Of the images to test on, green is 10 times the row.
    green = images(data.test)[:, 4, 4, 1].astype(int)
    assert ((green + 5) // 10).tolist() == [0, 1, 2, 3, 4]


def test_the_devkit_may_lie_in_the_folder_itself(folder, images):
    write_devkit(folder, imagenet_devkit(WNIDS, LABELS), packed=False)
    (folder / "ILSVRC2012_devkit_t12/data").rename(folder / "data")
    assert_told_by_colours(load(folder), images)


def test_kaggles_list_labels_a_flat_val_without_scipy(folder, images, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.io.matlab", None)  # importing it now raises
    write_solution(folder, WNIDS, LABELS)
    data = load(folder)
    assert data.test_labels.tolist() == list(LABELS)
    assert_told_by_colours(data, images)


def test_kaggles_archive_is_read_as_it_is_unpacked(tmp_path, images):
    inside = tmp_path / "ILSVRC/Data/CLS-LOC"
    write_imagenet_train(inside)
    write_imagenet_val(inside, LABELS)
    write_solution(tmp_path, WNIDS, LABELS)
    assert_told_by_colours(load(tmp_path), images)


def test_val_may_have_a_folder_for_each_class(tmp_path, images):
    write_imagenet_train(tmp_path)
    for row, label in enumerate(LABELS):
        write_flat(tmp_path / "val" / WNIDS[label] / f"{row}.JPEG", (40 * label, 10 * row, 200))
    data = load(tmp_path)
    assert data.test_labels.tolist() == sorted(LABELS)
    assert_told_by_colours(data, images)


def test_a_stream_is_cut_from_it(folder):
    write_devkit(folder, imagenet_devkit(WNIDS, LABELS), packed=True)
    stream = TaskStream.create(load(folder), num_tasks=2, class_order_seed=-1)
    batch = stream.batch_at(1, batch_size=4, step=0, seed=0)
    red = np.asarray(batch.image)[:, 4, 4, 0].astype(int)
    np.testing.assert_array_equal((red + 20) // 40, np.asarray(batch.label))
    assert stream.class_names == WNIDS and stream.test_sizes == (2, 3)


def test_what_is_not_downloaded_is_named_with_where_to_get_it(tmp_path):
    with pytest.raises(
        ValueError, match=r"/train and .*/val not found; from https://image-net.org.*_train\.tar"
    ):
        load(tmp_path)
    (tmp_path / "val").mkdir()
    (tmp_path / "train").mkdir()
    (tmp_path / "train/n01440764.tar").write_text("not unpacked")
    with pytest.raises(ValueError, match=r"no folder in .*/train; .* each of the tar files in it"):
        load(tmp_path)
    write_imagenet_train(tmp_path)
    with pytest.raises(ValueError, match=r"no image in .*/val; .*ILSVRC2012_img_val\.tar"):
        load(tmp_path)


def test_a_flat_val_without_labels_is_refused_with_what_labels_it(folder):
    with pytest.raises(
        ValueError, match=r"ILSVRC2012_devkit_t12\.tar\.gz not found; .*LOC_val_solution\.csv"
    ):
        load(folder)


def test_a_class_without_images_is_refused_by_name(folder):
    write_solution(folder, WNIDS, LABELS)
    for file in (folder / "train" / WNIDS[1]).iterdir():
        file.unlink()
    with pytest.raises(ValueError, match=rf"no training image of {WNIDS[1]}; from https://image"):
        load(folder)


@pytest.mark.parametrize("flat", [False, True], ids=["folders", "flat"])
def test_a_class_only_in_val_is_refused_by_name(folder, flat):
    if flat:
        write_devkit(folder, imagenet_devkit(WNIDS, LABELS), packed=True)
    else:
        (folder / "val" / WNIDS[2]).mkdir()
    shutil.rmtree(folder / "train" / WNIDS[2])
    with pytest.raises(ValueError, match=rf"val has classes that train lacks: {WNIDS[2]}; from"):
        load(folder)


DEVKIT = imagenet_devkit(WNIDS, LABELS)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({TRUTH: b"1\n2\n"}, r"_00000003, .*_00000005 in val, not in data/ILSVRC2012_validation"),
        ({TRUTH: DEVKIT[TRUTH] + b"1\n"}, r"ILSVRC2012_val_00000006 in data/ILSVRC2012_validation"),
        ({TRUTH: b"1\n2\n3\n4\n99\n"}, r"not a list of its IDs: KeyError\(99\); to label"),
        ({TRUTH: b"1\n2\n3\n4\n5\n"}, r"not a list of its IDs: KeyError\(5\)"),  # an inner synset
        ({TRUTH: b"one\n"}, r"not a list of its IDs: ValueError"),
        ({META: b"no matrix"}, r"data/meta\.mat of the devkit cannot be read: .*; to label"),
        ({META: b""}, r"data/meta\.mat of the devkit cannot be read"),
    ],
)
def test_a_devkit_that_does_not_fit_is_refused(folder, changes, message):
    write_devkit(folder, {**DEVKIT, **changes}, packed=False)
    with pytest.raises(ValueError, match=message):
        load(folder)


def test_a_devkit_that_is_cut_off_or_lacks_a_file_is_refused(folder):
    write_devkit(folder, {META: DEVKIT[META]}, packed=True)
    with pytest.raises(ValueError, match=r"t12\.tar\.gz cannot be read: .*ground_truth"):
        load(folder)
    write_devkit(folder, DEVKIT, packed=True)
    file = folder / "ILSVRC2012_devkit_t12.tar.gz"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"t12\.tar\.gz cannot be read: .*; to label"):
        load(folder)


def test_a_devkit_without_the_truth_is_refused(folder):
    write_devkit(folder, {META: DEVKIT[META]}, packed=False)
    with pytest.raises(ValueError, match=r"ground_truth\.txt not found; to label"):
        load(folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ImageId,PredictionString\nILSVRC2012_val_00000001,n01440764 1 2 3 4\n", "not in LOC_val"),
        ("ImageId,PredictionString\nILSVRC2012_val_00000001,\n", "is not Kaggle's list"),
        ("image,label\na,b\n", r"is not Kaggle's list: KeyError\('ImageId'\); to label"),
        ("ImageId,PredictionString\nILSVRC2012_val_00000001\n", "is not Kaggle's list"),
    ],
)
def test_a_list_that_does_not_fit_is_refused(folder, text, message):
    (folder / "LOC_val_solution.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        load(folder)
