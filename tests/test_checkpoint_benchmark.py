"""What a checkpoint costs: the bytes are those of the arrays and files, the times those of a run."""

import dataclasses
from typing import cast

import jax

from braincl_jax.memory.budget import tree_bytes
from experiments.benchmarks import checkpoints
from experiments.benchmarks.checkpoints import checkpoint_costs, disk_bytes, one_round


def test_the_bytes_of_a_state_add_up(diary):
    state = diary.after[(1, "replay")]
    parts = checkpoints.state_bytes(state)
    rest = (state.consolidation, state.progress, jax.random.key_data(state.key))
    assert parts["total"] == sum(parts.values()) - parts["total"] + tree_bytes(rest)
    assert parts["long_term_memory"] == sum(diary.parts.memory.bill(state.memory).values())


def test_the_bytes_of_a_checkpoint_are_those_of_its_files(tmp_path):
    (tmp_path / "state" / "d").mkdir(parents=True)
    for name, size in {"cursor.json": 5, "state/d/one": 30, "state/cursor.json": 2}.items():
        (tmp_path / name).write_bytes(b"x" * size)
    assert disk_bytes(tmp_path) == {"cursor.json": 5, "state": 32, "total": 37}


def test_the_delay_is_what_a_round_with_a_checkpoint_takes_longer(monkeypatch):
    class Clocked:
        now = 0.0

        def steps(self, number):
            Clocked.now += 2.0 * number

        def save(self):
            Clocked.now += 0.5

        def wait(self):
            Clocked.now += 4.0

    monkeypatch.setattr(checkpoints.time, "perf_counter", lambda: Clocked.now)
    figures = one_round(cast(checkpoints.Sleeper, Clocked()), 10)
    assert figures == {"plain": 2.0, "blocking": 0.5, "writing": 4.0, "saved": 20.5, "delay": 0.5}


def test_a_full_memory_is_saved_while_it_replays(tiny_config, tiny_stream, monkeypatch):
    monkeypatch.setattr(checkpoints, "build_stream", lambda config: tiny_stream)
    config = dataclasses.replace(tiny_config, num_devices=2)
    figures = checkpoint_costs(config, rounds=1, steps=2)
    assert figures["devices"] == 2
    assert 0 < figures["state_bytes"]["long_term_memory"] <= config.budget_bytes
    assert figures["blocking_ms"] > 0 and figures["background_write_ms"] > 0
    assert set(figures["checkpoint_bytes"]) == {
        *("config.json", "cursor.json", "manifest.json", "state", "total")
    }
