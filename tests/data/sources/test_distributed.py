"""What sources of data sets as distributed share."""

from pathlib import Path

import pytest

from braincl_jax.data.sources.distributed import (
    Labelled,
    dataset_of,
    images_in,
    of_folders,
    read_lines,
    require_match,
    require_there,
)
from braincl_jax.data.sources.paths import folder_names
from tests.data.distributed import write_flat


def test_what_is_missing_is_named_with_the_remedy(tmp_path):
    require_there("here", [tmp_path], "fetch it")
    with pytest.raises(ValueError, match=r"here: .*/a and .*/b not found; fetch it\."):
        require_there("here", [tmp_path, tmp_path / "a", tmp_path / "b"], "fetch it")


def test_lists_must_name_what_is_there_and_nothing_else():
    require_match("here", ("list", ["a", "b"]), ("folder", ["b", "a"]), "fetch it")
    with pytest.raises(ValueError, match=r"here: a in list, not in folder; fetch it\."):
        require_match("here", ("list", ["a", "b"]), ("folder", ["b"]), "fetch it")
    with pytest.raises(ValueError, match=r"here: a, c, d and 1 more in folder, not in list"):
        require_match("here", ("list", ["b"]), ("folder", "abcde"), "fetch it")


def test_lines_are_read_without_empty_ones_and_only_of_text(tmp_path):
    file = tmp_path / "list.txt"
    file.write_bytes(b"one 1\r\n\r\ntwo 2\n")
    assert read_lines("here", file, "fetch it") == ["one 1", "two 2"]
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=r"here: .*list\.txt cannot be read: .*; fetch it"):
        read_lines("here", file, "fetch it")
    with pytest.raises(ValueError, match=r"here: .*no\.txt not found; fetch it"):
        read_lines("here", tmp_path / "no.txt", "fetch it")


def folders(path: Path) -> list[Path]:
    """Two folders of images and other things; the red of an image is its number."""
    for red, name in enumerate(["a/1.png", "a/2.JPEG", "b/0.png"]):
        write_flat(path / name, (80 * red, 0, 0))
    (path / "a/.hidden.png").write_text("no image")
    (path / "a/boxes.txt").write_text("no image")
    (path / ".hidden").mkdir()
    return [path / "a", path / "b"]


def test_images_are_those_of_folders_in_their_order(tmp_path, images):
    found = of_folders(folders(tmp_path))
    assert folder_names(tmp_path) == ["a", "b"]
    assert [file.name for file in found.files] == ["1.png", "2.JPEG", "0.png"]
    assert found.labels == [0, 0, 1]
    assert images_in(tmp_path / "nowhere") == []
    dataset = dataset_of("here", found, Labelled(found.files[:1], [0]), ["x", "y"], "fetch it")
    assert dataset.class_names == ("x", "y") and dataset.train_labels.tolist() == [0, 0, 1]
    reds = images(dataset.train)[:, 0, 0, 0].astype(int)
    assert abs(reds - [0, 80, 160]).max() <= 3


def test_classes_without_images_are_refused_by_name(tmp_path):
    found = of_folders(folders(tmp_path))
    with pytest.raises(ValueError, match=r"here: no training image of z; fetch it\."):
        dataset_of("here", found, found, ["x", "y", "z"], "fetch it")
    with pytest.raises(ValueError, match=r"here: no image to test on; fetch it\."):
        dataset_of("here", found, Labelled([], []), ["x", "y"], "fetch it")
