"""Waiting: a slow reader is seen as such, and a phase's steps are those that a run does."""

import time

import jax.numpy as jnp
import numpy as np
import pytest

from experiments.arguments import read_config
from experiments.benchmarks import harness, waiting


class Steps:
    """Stands for a phase whose batches take a while to read; a step counts."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.read = seconds, []

    def batch_at(self, task: int, step: int) -> np.ndarray:
        time.sleep(self.seconds)
        self.read.append(step)
        return np.ones(3, np.float32)

    def batches(self, task: int):
        return (self.batch_at(task, step) for step in range(100))

    def __call__(self, state, batch):
        return state + batch.sum(), {}


@pytest.mark.parametrize("seconds", [0.0, 0.05])
def test_what_a_step_waits_is_what_its_batch_takes(seconds):
    phase = Steps(seconds)
    state, found = waiting.measure(jnp.float32(0), phase, 4)
    assert float(state) == 3 * (1 + 4 + 4), "one to compile, four at hand, four that were read"
    assert found["reading_ms"] >= 1e3 * seconds and found["waiting_ms"] >= 1e3 * seconds
    if seconds:
        assert found["waiting_share"] > 0.5 and found["reading_share"] > 0.5
    total = found["waiting_ms"] + found["beside_ms"]
    assert found["waiting_share"] == pytest.approx(found["waiting_ms"] / total)
    assert found["reading_share"] == pytest.approx(1 - found["step_ms"] / total)


def test_the_phases_of_the_day_are_timed(tmp_path):
    found = waiting.waits(read_config(harness.small_flags(tmp_path)), steps=2)
    assert list(found) == ["encode", "classify"]
    for times in found.values():
        assert min(times["reading_ms"], times["step_ms"], times["beside_ms"]) > 0
        assert 0 <= times["waiting_share"] < 1
