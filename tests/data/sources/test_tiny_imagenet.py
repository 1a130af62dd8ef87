"""Tiny-ImageNet and its lists."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from braincl_jax.data import TaskStream, load_source
from tests.data.distributed import WNIDS, write_tiny_imagenet


@pytest.fixture
def folder(tmp_path) -> Path:
    """Two training images and one to test on of each class."""
    write_tiny_imagenet(tmp_path)
    return tmp_path


def test_images_have_the_labels_of_folders_and_annotations(folder, images):
    data = load_source(f"tiny_imagenet:{folder}")
    assert data.class_names == WNIDS
    assert data.train_labels.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert data.test_labels.tolist() == [0, 1, 2, 3]
    for some, labels in ((data.train, data.train_labels), (data.test, data.test_labels)):
        red = images(some)[:, 4, 4, 0].astype(int)
        np.testing.assert_array_equal((red + 20) // 40, labels)


def test_classes_may_be_named_by_words(folder):
    data = load_source(f"tiny_imagenet:{folder}?names=words")
    shared = [f"word 9 ({WNIDS[2]})", f"word 9 ({WNIDS[3]})"]
    assert data.class_names == ("word 4", "word 7", *shared)
    (folder / "words.txt").write_text("".join(f"{wnid}\tcrane, bird\n" for wnid in WNIDS))
    data = load_source(f"tiny_imagenet:{folder}?names=words")
    assert data.class_names[0] == f"crane ({WNIDS[0]})"


def test_words_are_needed_only_for_names(folder):
    (folder / "words.txt").write_text(f"{WNIDS[0]}\tcrane\n")
    with pytest.raises(ValueError, match=rf"words\.txt has no words of {WNIDS[1]}; download"):
        load_source(f"tiny_imagenet:{folder}?names=words")
    (folder / "words.txt").unlink()
    assert load_source(f"tiny_imagenet:{folder}").num_classes == 4


def test_a_stream_is_cut_from_it(folder):
    data = load_source(f"tiny_imagenet:{folder}?names=words")
    stream = TaskStream.create(data, num_tasks=2, class_order_seed=-1)
    assert stream.spec.task_sizes == (4, 4) and stream.test_sizes == (2, 2)
    assert stream.class_names[0] == "word 4"


def test_what_is_not_downloaded_is_named_with_where_to_get_it(folder, tmp_path):
    with pytest.raises(
        ValueError, match=r"/train and .*/images not found; .*cs231n.*tiny-imagenet-200\.zip"
    ):
        load_source(f"tiny_imagenet:{tmp_path / 'nowhere'}")
    (folder / "wnids.txt").unlink()
    with pytest.raises(ValueError, match=r"wnids\.txt not found; download http"):
        load_source(f"tiny_imagenet:{folder}")


def empty(folder: Path) -> None:
    shutil.rmtree(folder / "train" / WNIDS[1] / "images")


def no_class(folder: Path) -> None:
    shutil.rmtree(folder / "train" / WNIDS[1])


def no_test_image(folder: Path) -> None:
    (folder / "val/images/val_2.JPEG").unlink()


def strange_line(folder: Path) -> None:
    with (folder / "val/val_annotations.txt").open("a") as file:
        file.write("val_9.JPEG\tn99999999\t0\t0\t1\t1\n")


def short_line(folder: Path) -> None:
    with (folder / "val/val_annotations.txt").open("a") as file:
        file.write("val_9.JPEG\n")


def short_list(folder: Path) -> None:
    file = folder / "val/val_annotations.txt"
    file.write_text("".join(file.read_text().splitlines(keepends=True)[1:]))


BREAK = {
    empty: rf"no training image of {WNIDS[1]}; download",
    no_class: rf"{WNIDS[1]} in wnids\.txt, not in train; download",
    no_test_image: r"val_2\.JPEG in val_annotations\.txt, not in val/images; download",
    strange_line: r"val_annotations\.txt has .*, and 'n99999999' is no class of train; download",
    short_line: r"val_annotations\.txt has 'val_9\.JPEG', and '' is no class of train; download",
    short_list: r"val_3\.JPEG in val/images, not in val_annotations\.txt; download",
}


@pytest.mark.parametrize("broken", BREAK, ids=lambda broken: broken.__name__)
def test_what_is_broken_is_refused_by_name(folder, broken):
    broken(folder)
    with pytest.raises(ValueError, match=BREAK[broken]):
        load_source(f"tiny_imagenet:{folder}")
