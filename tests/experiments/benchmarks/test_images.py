"""The benchmark of batches: what it compares gives batches, and grain may be absent."""

import importlib.util
import itertools

import numpy as np
import pytest
from absl import flags

from braincl_jax.data import Dataset, load_source
from experiments.benchmarks import images as benchmark


@pytest.fixture
def data() -> Dataset:
    pixels = np.arange(20, dtype=np.uint8).reshape(20, 1, 1, 1)
    labels = np.arange(20) % 2
    return Dataset.of_arrays(pixels, labels, pixels, labels)


def test_without_grain_only_ours_is_measured_and_both_ways_give_the_same_batches(data, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    ways = benchmark.ways_of(data, 8)
    assert list(ways) == ["ours", "ours, read ahead"]
    ours, ahead = (start() for start in ways.values())
    for one, other in itertools.islice(zip(ours, ahead, strict=True), 5):
        np.testing.assert_array_equal(one.index, other.index)


def test_every_way_is_timed(data, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    flags.FLAGS.mark_as_parsed()
    figures = benchmark.measure(benchmark.ways_of(data, 4), 3, 0.001)
    assert set(figures) == {"ours", "ours, read ahead"} and min(figures.values()) >= 1


def test_the_files_are_a_data_set(tmp_path):
    benchmark.write_jpegs(tmp_path, 10)
    data = load_source(f"folder:{tmp_path}")
    assert (len(data.train), data.train.shape, data.num_classes) == (10, (224, 224, 3), 10)
