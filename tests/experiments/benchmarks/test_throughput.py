"""Images a second: the memory is the same for every network, and rates follow from the times that were measured."""

import json

import jax
import numpy as np

from braincl_jax.pipeline import replay
from experiments.benchmarks import throughput

NETWORK = "resnet8(width=2)"


def test_another_network_replays_the_same_memory(learned):
    night = throughput.with_night(learned, NETWORK, batch_size=32, prefetch_steps=3)
    for mine, theirs in zip(*map(jax.tree.leaves, (night.stored, learned.stored)), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert night.state.encoder.params["head"]["kernel"].shape[0] == 2 * 4
    state, metrics = jax.eval_shape(replay(night.method), night.state, None)
    assert metrics["loss"].shape == ()
    assert state.memory.prefetched.slot.shape[1:] == (
        3,
        32 // night.state.memory.prefetched.slot.shape[0],
    )


def test_rates_follow_from_times(learned, monkeypatch, tmp_path, capsys):
    """Nothing is compiled: what would be timed took 8 ms a step, and a tenth of that to decode."""

    def in_turn(things, rounds):
        assert set(things) == {"replay", "decoding"}
        return [{"replay": 2 * 0.008, "decoding": 2 * 0.0008}] * rounds

    monkeypatch.setattr(throughput.harness, "in_turn", in_turn)
    monkeypatch.setattr(throughput, "learn", lambda config: learned)
    results = tmp_path / "throughput.json"
    throughput.main(
        [
            *("--smoke", "--rounds=2", f"--results={results}", "--networks", NETWORK),
            *("--batches", "16", "32", "--prefetch_steps", "2"),
        ]
    )
    small, large = json.loads(results.read_text())["nights"]
    assert (small["images_per_second"], large["images_per_second"]) == (2000, 4000)
    assert large["decoded_per_second"] == 40_000 and large["decoding_percent"] == 10
    assert large["teraflops"] == 2 * small["teraflops"] > 0
    assert "| resnet8(width=2) | 32 | 2 | 8.00 |" in capsys.readouterr().out
