"""Images that cannot be read are left out, counted and told; what breaks later is an error."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from braincl_jax.build import build_stream
from braincl_jax.config import Config
from braincl_jax.data import Dataset, load_source, without_unreadable
from braincl_jax.data.dataset import LeftOut
from braincl_jax.data.fingerprint import fingerprint
from braincl_jax.data.stamps import ChangedError
from tests.data.distributed import write_core50
from tests.data.sources.test_pictures import BROKEN

# Of 16 by 16 pixels, red by the row in the folder.
SIDE = 16


@pytest.fixture
def folder(tmp_path) -> Path:
    """Classes cat and dog, three images to train on and two to test on each."""
    for split, number in (("train", 3), ("test", 2)):
        for value, name in ((0, "cat"), (100, "dog")):
            for row in range(number):
                file = tmp_path / split / name / f"{row}.png"
                file.parent.mkdir(parents=True, exist_ok=True)
                Image.new("RGB", (SIDE, SIDE), (value + row, 0, 0)).save(file)
    return tmp_path


def readable(folder: Path) -> Dataset:
    return without_unreadable("here", load_source(f"folder:{folder}"))


def reds(images) -> list[int]:
    return images.take(np.arange(len(images)))[:, 0, 0, 0].tolist()


def config_of(folder: Path, **settings) -> Config:
    return Config(dataset=f"folder:{folder}", num_tasks=2, class_order_seed=-1, **settings)


# A truncated JPEG has its header: it is found out when it is decoded.
@pytest.mark.parametrize("kind", [kind for kind in BROKEN if kind != "truncated"])
def test_what_cannot_be_read_is_left_out_counted_and_told(folder, caplog, kind):
    (folder / "train/cat/1.png").write_bytes(BROKEN[kind][0])
    data = readable(folder)
    assert (reds(data.train), data.train_labels.tolist()) == (
        [0, 2, 100, 101, 102],
        [0, 0, 1, 1, 1],
    )
    assert (data.left_out, len(data.test)) == (LeftOut((1,), ()), 4)
    (message,) = [record.getMessage() for record in caplog.records]
    assert message.startswith("here: left out 1 of 10 images: ")
    assert "train/cat/1.png: not a readable image: " in message


def test_cmyk_and_palettes_can_be_read(folder):
    Image.new("CMYK", (SIDE, SIDE)).save(folder / "train/cat/1.jpg")
    Image.new("P", (SIDE, SIDE)).save(folder / "train/cat/3.png")
    assert len(readable(folder).train) == 8


def test_a_data_set_that_can_be_read_is_as_it_was(folder):
    data = load_source(f"folder:{folder}")
    assert without_unreadable("here", data) is data


def test_images_of_arrays_stay():
    pixels, labels = np.zeros((2, 4, 4, 3), np.uint8), np.arange(2)
    data = Dataset.of_arrays(pixels, labels, pixels, labels)
    assert without_unreadable("here", data) is data


def test_a_class_that_has_no_image_left_is_named(folder):
    for file in (folder / "train/dog").iterdir():
        file.write_bytes(b"no image")
    with pytest.raises(ValueError, match="here: no image to train on of dog can be read; bring"):
        readable(folder)


def test_where_nothing_is_left_to_test_on_that_is_told(folder):
    for file in folder.glob("test/*/*"):
        file.write_bytes(b"")
    with pytest.raises(ValueError, match="here: no image to test on can be read"):
        readable(folder)


def test_domains_stay_with_their_images(tmp_path):
    write_core50(tmp_path / "core50_128x128", frames=2)
    (tmp_path / "core50_128x128/s2/o1/C_02_01_000.png").write_bytes(b"")
    whole = load_source(f"core50:{tmp_path}/core50_128x128")
    data = without_unreadable("here", whole)
    assert whole.train_domains is not None and data.train_domains is not None
    # Session 1 has 50 objects in 2 frames each; the first frame of session 2 is gone.
    assert data.left_out.train == (100,)
    np.testing.assert_array_equal(data.train_domains, np.delete(whole.train_domains, 100))


def test_by_the_settings_it_is_an_error_or_left_out(folder):
    (folder / "train/cat/1.png").write_bytes(b"")
    with pytest.raises(ValueError, match=r"cat/1\.png: not a readable image"):
        build_stream(config_of(folder))
    stream = build_stream(config_of(folder, unreadable="skip"))
    assert (stream.spec.task_sizes, stream.left_out) == ((2, 3), LeftOut((1,), ()))


def test_they_are_resized_and_no_size_is_asked_for(folder):
    (folder / "train/cat/1.png").write_bytes(b"")
    Image.new("RGB", (SIDE, 2 * SIDE), (7, 0, 0)).save(folder / "train/cat/2.png")
    stream = build_stream(config_of(folder, unreadable="skip", resize_side=8))
    assert stream.train_images(0, np.arange(2))[:, 0, 0, 0].tolist() == [0, 7]


def test_grey_images_stay_grey_where_what_is_left_out_has_colours(folder):
    for file in folder.glob("*/*/*"):
        Image.new("L", (SIDE, SIDE), 9).save(file)
    assert build_stream(config_of(folder, unreadable="skip")).spec.image_shape == (SIDE, SIDE, 1)
    (folder / "train/cat/1.png").write_bytes(BROKEN["PNG of two frames"][0])
    stream = build_stream(config_of(folder, unreadable="skip"))
    assert (stream.spec.image_shape, stream.spec.task_sizes) == ((SIDE, SIDE, 1), (2, 3))


def test_which_ones_are_left_out_belongs_to_the_identity_of_a_run(folder):
    # The pixels and labels that are left are the same in both.
    Image.new("RGB", (SIDE, SIDE), (0, 0, 0)).save(folder / "train/cat/1.png")
    contents, found = (folder / "train/cat/0.png").read_bytes(), []
    for broken in (0, 1):
        for row in (0, 1):
            (folder / f"train/cat/{row}.png").write_bytes(b"" if row == broken else contents)
        found.append(fingerprint(build_stream(config_of(folder, unreadable="skip"))))
    assert found[0] != found[1]


def test_an_image_that_breaks_later_is_an_error_that_names_it(folder):
    file = folder / "train/cat/1.jpg"
    file.write_bytes(BROKEN["truncated"][0])
    stream = build_stream(config_of(folder, unreadable="skip", resize_side=8))
    assert stream.spec.task_sizes == (4, 3)
    with pytest.raises(ValueError, match=r"cat/1\.jpg: not a readable image: .*truncated"):
        stream.train_images(0, np.arange(4))


def test_a_file_that_changes_later_is_an_error_that_names_it(folder):
    stream = build_stream(config_of(folder, unreadable="skip"))
    file = folder / "train/cat/1.png"
    os.utime(file, ns=(1, 1))
    with pytest.raises(ChangedError, match=r"cat/1\.png: has changed since the run began"):
        stream.train_images(0, np.arange(3))
