"""What settings make of the images of a source, and what is refused."""

import dataclasses
import importlib
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from braincl_jax.data import Dataset, InMemory, Shrunk, TaskStream, load_source, prepared
from braincl_jax.data.sources import headers

PIXELS = np.random.default_rng(0).integers(0, 256, (4, 12, 12, 3), np.uint8)


def arrays() -> Dataset:
    labels = np.arange(4) % 2
    return Dataset.of_arrays(PIXELS, labels, PIXELS[:2], labels[:2])


@pytest.fixture
def folder(tmp_path) -> Path:
    """Two classes; sizes vary."""
    rng = np.random.default_rng(0)
    for place, (height, width) in enumerate(((12, 16), (16, 12), (30, 14), (12, 12))):
        for split in ("train", "test"):
            file = tmp_path / split / "ab"[place % 2] / f"{place}.jpg"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 256, (height, width, 3), np.uint8)).save(file)
    return tmp_path


def test_without_settings_arrays_stay_what_they_are():
    data = arrays()
    assert prepared(data) == data


def test_image_side_alone_gives_the_exact_means_over_areas():
    data, every = prepared(arrays(), image_side=5), np.arange(4)
    assert data.train.shape == data.test.shape == (5, 5, 3)
    expected = Shrunk(InMemory(PIXELS), 5).take(every)
    np.testing.assert_array_equal(data.train.take(every), expected)


@pytest.mark.parametrize(("sides", "side"), [((0, 8), 8), ((6, 8), 6), ((8, 8), 8)])
def test_resize_side_makes_one_size_of_many_and_reads_no_header_beforehand(
    folder, monkeypatch, sides, side
):
    monkeypatch.setattr(headers, "header", None)
    image_side, resize_side = sides
    data = prepared(load_source(f"folder:{folder}"), image_side=image_side, resize_side=resize_side)
    assert TaskStream.create(data, num_tasks=2).spec.image_shape == (side, side, 3)
    for some in (data.train, data.test):
        assert some.take(np.arange(4)).shape == (4, side, side, 3)


def test_sizes_that_vary_are_refused_without_resize_side(folder):
    with pytest.raises(ValueError, match=r"2\.jpg has shape \(30, 14\).*--config\.resize_side=256"):
        prepared(load_source(f"folder:{folder}"), image_side=8)


@pytest.mark.parametrize("image_side", [9, 256])
def test_no_square_is_larger_than_what_it_is_cut_out_of(image_side):
    with pytest.raises(
        ValueError, match=rf"image_side={image_side} is impossible: .*resize_side=8"
    ):
        prepared(arrays(), image_side=image_side, resize_side=8)


def test_a_decoder_that_is_unknown_or_absent_is_named(monkeypatch):
    with pytest.raises(ValueError, match=r"decoder='cv2' is unknown; need one of pillow, simplejp"):
        prepared(arrays(), decoder="cv2")

    def absent(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", absent)
    with pytest.raises(ValueError, match=r"decoder=simplejpeg needs .*pip install"):
        prepared(arrays(), decoder="simplejpeg")


def test_the_decoder_that_is_asked_for_decodes(folder, monkeypatch):
    white = np.full((64, 64, 3), 255, np.uint8)
    fake = SimpleNamespace(decode_jpeg=lambda *args, **least: white)
    monkeypatch.setitem(sys.modules, "simplejpeg", fake)
    for file in folder.glob("*/*/*"):
        Image.new("RGB", (64, 64)).save(file)
    source = load_source(f"folder:{folder}")
    for settings in ({}, {"image_side": 32}, {"resize_side": 8}):
        bright, dark = (
            prepared(source, decoder=decoder, **settings).train.take(np.array([0])).mean()
            for decoder in ("simplejpeg", "pillow")
        )
        assert (bright, dark) == (255, 0)


def test_training_and_test_images_may_have_sizes_of_their_own():
    data = prepared(arrays(), resize_side=8)
    smaller = data._replace(test=dataclasses.replace(data.test, side=6))  # pyright: ignore
    assert (smaller.train.shape, smaller.test.shape) == ((8, 8, 3), (6, 6, 3))
