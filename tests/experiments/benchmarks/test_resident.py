"""The benchmark of resident memory: its data set is one, and it sees what a process takes."""

import sys

import numpy as np
import pytest

from braincl_jax.data import load_source
from experiments.benchmarks import resident


def test_the_data_set_can_be_loaded(tmp_path):
    resident.write_data(tmp_path, 1500)
    data = load_source(f"npy:{tmp_path}")
    assert (len(data.train), data.train.shape) == (1500, (128, 128, 3))
    assert data.num_classes == resident.CLASSES
    assert data.train.take(np.array([1499])).any(), "the last chunk was written"


def test_the_peak_of_a_process_is_seen_and_its_errors_are_told(tmp_path):
    hold = "import time; held = bytearray(b'x' * 50_000_000); time.sleep(0.5)"
    most = resident.peaks([sys.executable, "-c", hold], tmp_path / "log")
    assert 50e6 < most["anonymous"] < 200e6
    assert most["all"] >= most["anonymous"]
    with pytest.raises(RuntimeError, match="no such luck"):
        resident.peaks([sys.executable, "-c", "raise SystemExit('no such luck')"], tmp_path / "log")
