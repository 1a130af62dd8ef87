"""What a process takes is seen until it ends, and what a brain weighs follows from the settings."""

import subprocess
import sys

import jax
import pytest

from braincl_jax.build import build_method, build_stream, init_brain
from experiments.arguments import read_config
from experiments.benchmarks import footprint, harness


def test_the_most_of_a_process_is_seen_though_it_gives_it_back():
    hold = "import time; held = bytearray(b'x' * 50_000_000); time.sleep(0.5); del held; time.sleep(0.2)"
    with subprocess.Popen([sys.executable, "-c", hold]) as process:
        most = footprint.peaks(process)
    assert process.returncode == 0
    assert 50e6 < most["anonymous"] < 200e6
    assert most["all"] >= max(most["anonymous"], most["mapped files"])


@pytest.mark.parametrize("budget", [24_000, 48_000])
def test_a_brain_weighs_what_its_arrays_do(tmp_path, budget):
    config = read_config([*harness.small_flags(tmp_path), f"--config.budget_bytes={budget}"])
    method = build_method(config, build_stream(config).spec)
    state = init_brain(method, jax.random.key(0))
    keys = state.key.nbytes
    arrays = [leaf for leaf in jax.tree.leaves(state) if leaf is not state.key]
    weight = sum(leaf.nbytes for leaf in arrays)
    assert footprint.brain_bytes(config) - weight == keys
    assert weight > budget
