"""Data sets that come with the package."""

import importlib.util

import numpy as np
import pytest

from braincl_jax.data import load_source
from braincl_jax.data.sources import embedded


def test_fashion_mnist_mini_has_500_training_and_100_test_images_of_each_class(images):
    data = load_source("embedded:fashion_mnist_mini")
    assert data.num_classes == 10
    assert images(data.train).shape == (5000, 28, 28, 1) and images(data.train).dtype == np.uint8
    assert images(data.test).shape == (1000, 28, 28, 1) and images(data.test).dtype == np.uint8
    assert data.train_labels.dtype == data.test_labels.dtype == np.int64
    assert np.bincount(data.train_labels).tolist() == [500] * 10
    assert np.bincount(data.test_labels).tolist() == [100] * 10


def test_fashion_mnist_mini_begins_as_fashion_mnist_does(images):
    data = load_source("embedded:fashion_mnist_mini")
    # The data set's own first labels: ankle boot, T-shirt, T-shirt, dress, T-shirt, ...
    assert data.train_labels[:8].tolist() == [9, 0, 0, 3, 0, 2, 7, 2]
    assert [data.class_names[label] for label in data.train_labels[[0, 1, 3]]] == [
        *("Ankle boot", "T-shirt/top", "Dress")
    ]
    assert data.test_labels[:8].tolist() == [9, 2, 1, 1, 6, 1, 4, 6]
    assert len(np.unique(images(data.train), axis=0)) > 4990


def test_an_unknown_name_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match=r"embedded:mnist.*\['fashion_mnist_mini'\]"):
        load_source("embedded:mnist")


def test_the_script_takes_the_first_images_of_each_class_in_their_order():
    path = embedded.EMBEDDED / "make_fashion_mnist_mini.py"
    spec = importlib.util.spec_from_file_location("make_fashion_mnist_mini", path)
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    labels = np.tile(np.arange(10)[::-1], 3)
    assert script.first_of_each_class(labels, 2).tolist() == list(range(20))
