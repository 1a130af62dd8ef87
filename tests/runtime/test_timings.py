"""The log of times: whose they are, and what was compiled in them."""

import json
import types

import jax
import jax.numpy as jnp
import pytest

from braincl_jax.runtime import timings
from braincl_jax.runtime.timings import Timings


@pytest.fixture
def path(tmp_path):
    return tmp_path / "timings.jsonl"


def lines_of(path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_line_is_of_the_time_since_the_last_one_or_the_restart(path, monkeypatch):
    clock = iter([100.0, 100.5, 101.0, 104.0, 106.25, 107.0])
    monkeypatch.setattr(timings, "time", types.SimpleNamespace(perf_counter=lambda: next(clock)))
    with Timings(path, 12) as log:  # 100
        log.lap(3, "encode", 20)  # 100.5, and on from 101
        log.restart()  # 104
        log.lap(3, "replay", 4)  # 106.25
    assert lines_of(path) == [
        {"from_step": 12},
        {"task": 3, "phase": "encode", "steps": 20, "seconds": 0.5, "compiled": 0},
        {"task": 3, "phase": "replay", "steps": 4, "seconds": 2.25, "compiled": 0},
    ]


def test_each_program_is_counted_when_it_is_compiled_and_not_when_it_runs(path):
    doubled = jax.jit(lambda x: 2 * x)
    one, three = jnp.zeros(1), jnp.zeros(3)
    with Timings(path, 0) as log:
        for value in (one, one, three):
            doubled(value)
            log.lap(0, "replay", 1)
    assert [line["compiled"] for line in lines_of(path)[1:]] == [1, 0, 1]


def test_a_resumed_run_adds_to_the_file_and_the_one_before_hears_no_more(path):
    with Timings(path, 0) as first:
        first.lap(0, "start", 1)
    with Timings(path, 7) as second:
        jax.jit(lambda x: 3 * x)(1.0)
        second.lap(1, "start", 1)
    assert [line.get("from_step") for line in lines_of(path)] == [0, None, 7, None]
    assert first._compiled == 0
