"""Folders of images."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from braincl_jax.data import load_source, prepared
from braincl_jax.data.sources.folder import Pictures
from braincl_jax.data.stamps import ChangedError


@pytest.fixture
def folder(tmp_path: Path, write_image) -> Path:
    """Classes cat and dog; images 3 high and 4 wide, their red is the order expected."""
    for path, value in [
        ("train/dog/0.png", 2),
        ("train/cat/b.PNG", 1),
        ("train/cat/a.png", 0),
        ("test/dog/x.png", 4),
        ("test/cat/x.png", 3),
    ]:
        write_image(tmp_path / path, value)
    return tmp_path


def test_classes_and_files_are_in_the_order_of_their_names(folder, images):
    data = load_source(f"folder:{folder}")
    assert images(data.train).shape == (3, 3, 4, 3)
    assert images(data.train)[:, 0, 0, 0].tolist() == [0, 1, 2]
    assert data.train_labels.tolist() == [0, 0, 1]
    assert images(data.test)[:, 0, 0, 0].tolist() == [3, 4]
    assert data.test_labels.tolist() == [0, 1]


def test_other_files_are_left_alone(folder):
    (folder / "train/cat/notes.txt").write_text("tabby")
    (folder / "train/README").write_text("cats and dogs")
    assert len(load_source(f"folder:{folder}").train) == 3


def test_images_are_greyscale_only_if_all_are(folder, images, write_image):
    write_image(folder / "train/cat/a.png", 9, mode="L")
    assert images(load_source(f"folder:{folder}").train)[0, 0, 0].tolist() == [9, 9, 9]
    for path in folder.glob("*/*/*"):
        write_image(path, 9, mode="L")
    assert load_source(f"folder:{folder}").train.shape == (3, 4, 1)


@pytest.mark.parametrize("suffix", [".webp", ".bmp", ".tif", ".gif", ".ppm", ".JPEG"])
def test_images_of_any_format_that_pillow_reads_are_found(folder, images, write_image, suffix):
    write_image(folder / f"train/dog/1{suffix}", 200)
    data = load_source(f"folder:{folder}")
    assert data.train_labels.tolist() == [0, 0, 1, 1]
    assert abs(int(images(data.train)[3, 0, 0, 0]) - 200) < 5


def test_images_further_down_belong_to_the_class_above(folder, images, write_image):
    write_image(folder / "train/dog/puppies/2024/a.png", 7)
    write_image(folder / "train/cat/a/a.png", 8)
    data = load_source(f"folder:{folder}")
    assert data.train_labels.tolist() == [0, 0, 0, 1, 1]
    # In the order of their paths.
    assert images(data.train)[:, 0, 0, 0].tolist() == [8, 0, 1, 2, 7]


def test_images_stand_upright(folder, images):
    upright = np.arange(12, dtype=np.uint8).reshape(3, 4)
    # As cameras store what they saw: by the orientation that says so, how the pixels lie.
    lying = {o: np.rot90(upright, turns) for o, turns in {1: 0, 3: 2, 6: 1, 8: -1}.items()}
    for path in folder.glob("*/*/*"):
        path.unlink()
    for place, (orientation, pixels) in enumerate(lying.items()):
        for where, suffix in (("train/cat", "png"), ("train/dog", "webp"), ("test/cat", "webp")):
            image = Image.fromarray(np.ascontiguousarray(pixels))
            exif = image.getexif()
            exif[0x0112] = orientation
            image.save(folder / where / f"{place}.{suffix}", exif=exif, lossless=True)
    data = load_source(f"folder:{folder}")
    for some in (data.train, data.test):
        assert some.shape[:2] == (3, 4)
        for image in images(some):
            np.testing.assert_array_equal(image[:, :, 0], upright)


def test_a_tiff_that_is_not_upright_is_refused(folder):
    image = Image.new("RGB", (3, 4))
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(folder / "train/dog/1.tif", exif=exif)
    with pytest.raises(ValueError, match=r"1\.tif: .* TIFF that is not stored upright; replace"):
        _ = load_source(f"folder:{folder}").train.shape


def test_what_is_left_out_is_told(folder, caplog):
    for name in ("cat/notes.txt", "cat/old/film.xyz", "dog/a.bin", "dog/b.bin", "cat/.DS_Store"):
        (folder / "train" / name).parent.mkdir(exist_ok=True)
        (folder / "train" / name).write_text("no image")
    (folder / "train/loose.png").write_bytes((folder / "train/dog/0.png").read_bytes())
    load_source(f"folder:{folder}")
    (message,) = [record.getMessage() for record in caplog.records]
    assert "left out 5 files of train" in message
    assert "loose.png, cat/notes.txt, cat/old/film.xyz and more" in message


def test_jpeg_images_are_read(folder, images, write_image):
    write_image(folder / "test/cat/y.jpg", 200)
    data = load_source(f"folder:{folder}")
    assert data.test_labels.tolist() == [0, 0, 1]
    assert abs(int(images(data.test)[1, 0, 0, 0]) - 200) < 5  # JPEG is lossy


def test_val_stands_in_where_there_is_no_test(folder, images, write_image):
    (folder / "test").rename(folder / "val")
    data = load_source(f"folder:{folder}")
    assert images(data.test)[:, 0, 0, 0].tolist() == [3, 4]
    write_image(folder / "val/emu/x.png", 1)
    with pytest.raises(ValueError, match=r"val has the classes \['emu'\], train only"):
        load_source(f"folder:{folder}")


def test_of_test_and_val_test_is_taken(folder, write_image):
    write_image(folder / "val/emu/x.png", 1)
    assert load_source(f"folder:{folder}").test_labels.tolist() == [0, 1]


def test_missing_folders_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"need the folders .*train and .*test"):
        load_source(f"folder:{tmp_path}")


def test_a_class_without_images_is_refused(folder):
    (folder / "train/emu").mkdir()
    with pytest.raises(ValueError, match=r"\['emu'\] of train have no image .*: add some"):
        load_source(f"folder:{folder}")


def test_folders_without_classes_are_refused(tmp_path):
    (tmp_path / "train").mkdir()
    (tmp_path / "test").mkdir()
    with pytest.raises(ValueError, match="x_train is empty"):
        load_source(f"folder:{tmp_path}")


def test_a_test_class_that_is_not_trained_is_refused(folder, write_image):
    write_image(folder / "test/emu/x.png", 1)
    with pytest.raises(ValueError, match=r"\['emu'\], train only \['cat', 'dog'\]"):
        load_source(f"folder:{folder}")


def test_images_of_several_sizes_are_refused_by_name(folder, write_image):
    write_image(folder / "train/dog/1.png", 1, size=(5, 5))
    with pytest.raises(
        ValueError, match=r"1\.png has shape \(5, 5\), the ones before \(3, 4\).*resize_side"
    ):
        prepared(load_source(f"folder:{folder}"))


def test_unreadable_images_are_refused_by_name(folder):
    (folder / "train/dog/0.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"0\.png: not a readable image"):
        _ = load_source(f"folder:{folder}").train.shape


def test_images_of_16_bits_are_refused(folder, write_image):
    write_image(folder / "train/dog/0.png", 1000, mode="I;16")
    with pytest.raises(ValueError, match=r"0\.png.*mode I;16; need 8 bits a channel"):
        _ = load_source(f"folder:{folder}").train.shape


def test_only_the_images_that_are_asked_for_are_decoded(folder, images, monkeypatch):
    opened = []
    open_one = Pictures.open
    monkeypatch.setattr(
        Pictures, "open", lambda self, row: opened.append(row) or open_one(self, row)
    )
    data = load_source(f"folder:{folder}")
    assert (len(data.train), opened) == (3, [])
    assert (data.train.shape, sorted(opened)) == ((3, 4, 3), [0, 0, 1, 1, 2])  # all headers
    opened.clear()
    assert data.train.take(np.array([2, 0]))[:, 0, 0, 0].tolist() == [2, 0]
    assert sorted(opened) == [0, 2]


def test_the_classes_keep_their_names(folder):
    assert load_source(f"folder:{folder}").class_names == ("cat", "dog")


def test_a_test_image_of_another_size_is_refused(folder, write_image):
    for path in folder.glob("test/*/*"):
        write_image(path, 1, size=(5, 5))
    with pytest.raises(
        ValueError, match=r"test/cat/x\.png has shape \(5, 5\), the ones before \(3, 4\)"
    ):
        _ = load_source(f"folder:{folder}").train.shape


def test_a_file_that_broke_since_is_named_when_it_is_read(folder, write_image):
    data = load_source(f"folder:{folder}")
    assert data.train.shape == (3, 4, 3)
    write_image(folder / "train/dog/0.png", 1, size=(5, 5))
    with pytest.raises(
        ChangedError, match=r"dog/0\.png: has changed since the run began: \d+ bytes"
    ):
        data.train.take(np.array([0, 2]))
    (folder / "train/dog/0.png").unlink()
    with pytest.raises(ValueError, match=r"0\.png: not a readable image"):
        data.train.take(np.array([0, 2]))


def test_an_image_that_is_cut_off_is_named_when_it_is_read(folder):
    file = folder / "train/dog/0.png"
    pixels = np.random.default_rng(0).integers(0, 256, (3, 4, 3), np.uint8)
    Image.fromarray(pixels).save(file)
    file.write_bytes(file.read_bytes()[:-40])
    data = load_source(f"folder:{folder}")  # the header is intact
    with pytest.raises(ValueError, match=r"0\.png: not a readable image"):
        data.train.take(np.array([2]))
