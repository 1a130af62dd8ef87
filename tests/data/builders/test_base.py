"""What all builders do: images and labels of a source come back from array_record."""

import sys
from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds
from tensorflow_datasets.core.utils import file_utils

from braincl_jax.data import Dataset, Images, load_source
from braincl_jax.data.builders import base
from braincl_jax.data.builders.base import SourceBuilder


class Noise(SourceBuilder):
    """Five training and two test images of noise."""

    MANUAL_DOWNLOAD_INSTRUCTIONS = "nothing"

    def load(self, folder: Path) -> Dataset:
        """Not from the folder."""
        pixels = np.random.default_rng(0).integers(0, 256, (7, 5, 4, 3), np.uint8)
        return Dataset.of_arrays(
            pixels[:5], [0, 1, 2, 0, 1], pixels[5:], [2, 0], ("no", "some", "all")
        )


def all_of(images: Images) -> np.ndarray:
    return images.take(np.arange(len(images)))


def test_a_prepared_source_is_the_source_without_tensorflow(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", None)  # importing it now raises
    monkeypatch.setattr(base, "CHUNK", 2)
    builder = Noise(data_dir=tmp_path)
    manual = tfds.download.DownloadConfig(manual_dir=tmp_path)
    builder.download_and_prepare(file_format="array_record", download_config=manual)
    tfds.core.add_data_dir(tmp_path)
    data, wanted = load_source("tfds:noise"), builder.load(tmp_path)
    file_utils.clear_registered_data_dirs()
    assert data.class_names == ("no", "some", "all")
    for some, labels, expected, theirs in (
        (data.train, data.train_labels, wanted.train, wanted.train_labels),
        (data.test, data.test_labels, wanted.test, wanted.test_labels),
    ):
        # The preparation shuffles.
        found = {image.tobytes(): label for image, label in zip(all_of(some), labels, strict=True)}
        there = zip(all_of(expected), theirs, strict=True)
        assert found == {image.tobytes(): label for image, label in there}
