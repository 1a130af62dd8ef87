"""Data sets of tensorflow_datasets."""

import io
import sys

import numpy as np
import pytest
from PIL import Image

from braincl_jax.data import load_source, prepared
from braincl_jax.data.sources import headers
from braincl_jax.data.sources.tfds import Encodings


# A builder of one name is defined once in a process, and a worker may come back to this file.
@pytest.fixture(scope="session")
def tfds(tmp_path_factory):
    """tensorflow_datasets, with some tiny data sets of its own and one that is not prepared."""
    import tensorflow_datasets as tfds
    from tensorflow_datasets.core.utils import file_utils

    def png(size: int, value: int) -> io.BytesIO:
        file = io.BytesIO()
        Image.new("RGB", (size, size), (value, 0, 0)).save(file, "png")
        file.seek(0)
        return file

    class Tiny(tfds.core.GeneratorBasedBuilder):
        VERSION = tfds.core.Version("1.0.0")
        LABEL = "label"
        SHAPE = (None, None, 3)
        SIZES = (("train", (4, 4, 4)), ("test", (4, 4)))

        def _info(self):
            features = {
                "image": tfds.features.Image(shape=self.SHAPE),
                self.LABEL: tfds.features.ClassLabel(names=["even", "odd"]),
            }
            return tfds.core.DatasetInfo(
                builder=self, features=tfds.features.FeaturesDict(features)
            )

        def _split_generators(self, dl_manager):
            return {name: self._generate_examples(sizes) for name, sizes in self.SIZES}

        def _generate_examples(self, sizes):
            for row, size in enumerate(sizes):
                yield row, {"image": png(size, row), self.LABEL: row % 2}

    class TinyValidated(Tiny):
        SIZES = (("train", (4, 4, 4)), ("validation", (4,)))

    class TinyFixed(Tiny):
        SHAPE = (4, 4, 3)

    class TinyUneven(Tiny):
        SIZES = (("train", (4, 5, 4)), ("test", (4, 4)))

    class TinyUnlabelled(Tiny):
        LABEL = "kind"

    class TinyUnprepared(Tiny):
        pass

    directory = tmp_path_factory.mktemp("tfds")
    for builder in (Tiny, TinyFixed, TinyValidated, TinyUneven, TinyUnlabelled):
        builder(data_dir=directory).download_and_prepare(file_format="array_record")
    tfds.core.add_data_dir(directory)
    yield tfds
    file_utils.clear_registered_data_dirs()


def test_images_and_labels_come_without_tensorflow(tfds, monkeypatch, images):
    monkeypatch.setitem(sys.modules, "tensorflow", None)  # importing it now raises
    data = load_source("tfds:tiny")
    assert images(data.train).shape == (3, 4, 4, 3) and images(data.test).shape == (2, 4, 4, 3)
    # The preparation shuffles; red is the row, and the label its parity.
    assert sorted(images(data.train)[:, 0, 0, 0].tolist()) == [0, 1, 2]
    np.testing.assert_array_equal(images(data.train)[:, 0, 0, 0] % 2, data.train_labels)
    assert data.num_classes == 2


def test_the_validation_split_stands_in_for_a_test_split(tfds):
    assert load_source("tfds:tiny_validated").test_labels.tolist() == [0]


def test_images_of_several_sizes_are_refused(tfds):
    with pytest.raises(
        ValueError, match=r"tfds:tiny_uneven train: image \d has shape .*resize_side"
    ):
        prepared(load_source("tfds:tiny_uneven"))


def test_a_data_set_without_labels_is_refused_with_its_features(tfds):
    with pytest.raises(ValueError, match=r"\['test', 'train'\].*\['image', 'kind'\]; need"):
        load_source("tfds:tiny_unlabelled")


def test_a_data_set_that_is_not_prepared_is_refused_with_what_to_run(tfds):
    with pytest.raises(ValueError, match=r"not prepared.*file_format='array_record'"):
        load_source("tfds:tiny_unprepared")


def test_an_unknown_data_set_is_refused(tfds):
    with pytest.raises(ValueError, match="tfds:no_such_thing: no data set of this name"):
        load_source("tfds:no_such_thing")


def test_only_the_images_that_are_asked_for_are_decoded(tfds, monkeypatch):
    decoded = []
    data = load_source("tfds:tiny")
    assert (len(data.train), data.train.shape) == (3, (4, 4, 3))
    open_one = Encodings.open
    monkeypatch.setattr(
        Encodings, "open", lambda self, row: decoded.append(row) or open_one(self, row)
    )
    assert data.train.take(np.array([2, 0])).shape == (2, 4, 4, 3)
    assert sorted(decoded) == [0, 2]


def test_a_size_that_is_known_beforehand_is_not_looked_for(tfds, images, monkeypatch):
    monkeypatch.setattr(headers, "header", None)
    data = load_source("tfds:tiny_fixed")
    assert data.train.shape == (4, 4, 3)
    np.testing.assert_array_equal(images(data.train)[:, 0, 0, 0] % 2, data.train_labels)


def test_images_of_several_sizes_are_resized_and_no_header_is_read_beforehand(
    tfds, images, monkeypatch
):
    monkeypatch.setattr(headers, "header", None)
    data = prepared(load_source("tfds:tiny_uneven"), resize_side=3, image_side=2)
    assert images(data.train).shape == (3, 2, 2, 3)
    assert sorted(images(data.train)[:, 1, 1, 0].tolist()) == [0, 1, 2]


def test_the_classes_keep_their_names(tfds):
    assert load_source("tfds:tiny").class_names == ("even", "odd")


def test_without_the_package_the_source_is_refused_with_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    with pytest.raises(ValueError, match=r"tfds:tiny: needs .*pip install -e .*\[tfds\]"):
        load_source("tfds:tiny")
