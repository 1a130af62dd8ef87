"""The benchmark of batches: what it compares gives batches, and grain may be absent."""

import importlib.util
import io
import itertools

import numpy as np
import pytest
from absl import flags
from PIL import Image

from braincl_jax.data import Dataset, load_source, prepared
from experiments.benchmarks import images as benchmark


@pytest.fixture
def data() -> Dataset:
    pixels = np.arange(20, dtype=np.uint8).reshape(20, 1, 1, 1)
    labels = np.arange(20) % 2
    return Dataset.of_arrays(pixels, labels, pixels, labels)


def test_without_grain_only_ours_is_measured_and_all_ways_give_the_same_batches(data, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    ways = benchmark.ways_of(data, 8)
    assert list(ways) == ["ours", "ours, one batch ahead", "ours, read ahead"]
    started = [start() for start in ways.values()]
    for one, *others in itertools.islice(zip(*started, strict=True), 5):
        for other in others:
            np.testing.assert_array_equal(one.index, other.index)


def test_every_way_is_timed(data, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    flags.FLAGS.mark_as_parsed()
    figures = benchmark.measure(benchmark.ways_of(data, 4), 3, 0.001)
    assert len(figures) == 3 and min(figures.values()) >= 1


def test_the_share_of_waiting_is_what_the_step_does_not_take(capsys):
    benchmark.report("files", {"ours": 8.0, "ahead": 4.0}, step_ms=4)
    assert [line.split("|")[-2].strip() for line in capsys.readouterr().out.splitlines()[-2:]] == (
        ["50%", "0%"]
    )


def test_the_plain_loop_makes_the_same_squares_and_both_are_timed(tmp_path):
    benchmark.write_jpegs(tmp_path, 10)
    data = prepared(load_source(f"folder:{tmp_path}"), image_side=224, resize_side=256)
    files = sorted(tmp_path.glob("train/*/*"))
    looped = np.stack(list(map(benchmark.loops()["pillow"], files)))
    np.testing.assert_array_equal(looped, data.train.take(np.arange(10)))
    for speeds in benchmark.by_core(tmp_path, rounds=1, most=6).values():
        assert set(speeds) == {"plain loop", "ours"} and min(speeds.values()) > 0


def test_the_files_are_a_data_set(tmp_path):
    benchmark.write_jpegs(tmp_path, 12)
    data = load_source(f"folder:{tmp_path}")
    assert (len(data.train), len(data.test), data.num_classes) == (12, 10, 10)
    sizes = {Image.open(io.BytesIO(file.read_bytes())).size for file in tmp_path.glob("*/*/*")}
    assert len(sizes) > 5 and all(335 <= min(size) <= max(size) < 550 for size in sizes)
