"""Waiting: a slow reader is seen as such, and a phase's steps are those that a run does."""

import time
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from experiments.arguments import read_config
from experiments.benchmarks import harness, waiting


class Steps:
    """Stands for a phase whose batches take a while to read; a step counts."""

    def __init__(self, reading: Callable[[], object]) -> None:
        self.reading = reading

    def batch_at(self, task: int, step: int) -> np.ndarray:
        self.reading()
        return np.ones(3, np.float32)

    def batches(self, task: int):
        return (self.batch_at(task, step) for step in range(100))

    def __call__(self, state, batch):
        return state + batch.sum(), {}


def measured(reading: Callable[[], object], steps: int) -> tuple[Any, dict[str, float]]:
    state: Any = jnp.float32(0)
    phase: Any = Steps(reading)
    return waiting.measure(state, phase, steps)


def test_what_a_step_waits_is_what_its_batch_takes():
    state, found = measured(lambda: time.sleep(0.05), 4)
    assert float(state) == 3 * (1 + 4 + 4), "one to compile, four at hand, four that were read"
    assert found["waiting_ms"] >= 50 and found["reading_cpu_ms"] < 50, "sleep takes no core"
    total = found["waiting_ms"] + found["beside_ms"]
    assert found["waiting_share"] == pytest.approx(found["waiting_ms"] / total)


def test_reading_that_takes_the_cores_is_seen():
    def busy() -> None:
        until = time.process_time() + 0.05
        while time.process_time() < until:
            pass

    _, found = measured(busy, 3)
    assert found["reading_cpu_ms"] >= 50
    total = found["reading_cpu_ms"] + found["step_cpu_ms"]
    assert found["reading_share"] == pytest.approx(found["reading_cpu_ms"] / total)


def test_the_phases_of_the_day_are_timed(tmp_path):
    found = waiting.waits(read_config(harness.small_flags(tmp_path)), steps=2)
    assert list(found) == ["encode", "classify"]
    for times in found.values():
        assert min(times["reading_cpu_ms"], times["step_cpu_ms"], times["beside_ms"]) > 0
        assert 0 <= times["waiting_share"] < 1 and 0 < times["reading_share"] < 1
