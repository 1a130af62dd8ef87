"""The gradients that are timed are the same ones, inside a loop and outside of it."""

import json

import jax
import numpy as np

from braincl_jax.memory.codec.transforms import build_codec
from experiments.benchmarks import loop_gradient


def test_both_ways_come_to_the_same(monkeypatch):
    monkeypatch.setattr(loop_gradient, "TURNS", 1)
    codec = build_codec(loop_gradient.SETTINGS, (8, 8, 3))
    params = codec.init(jax.random.key(0))["synthesis"]
    cues = jax.random.normal(jax.random.key(1), (2, *codec.latent_shape))
    (outside,) = loop_gradient.outside(codec, params, cues)()
    assert np.abs(outside).max() > 0
    for one in (codec, codec.in_a_loop()):
        inside = loop_gradient.inside(one, params, cues)()
        np.testing.assert_allclose(inside - cues, outside, rtol=1e-3, atol=1e-6)


def test_the_command_compares_with_outside(monkeypatch, tmp_path, capsys):
    seconds = {"outside": 0.5, "inside": 5.0, "inside, as in the search": 0.25}
    monkeypatch.setattr(loop_gradient.harness, "in_turn", lambda things, rounds: [seconds] * rounds)
    results = tmp_path / "gradient.json"
    loop_gradient.main(["--rounds=2", "--images=5", f"--results={results}"])
    found = json.loads(results.read_text())["gradients"]
    assert [one["of_outside"] for one in found.values()] == [1, 10, 0.5]
    assert found["outside"]["ms_an_image"] == 10
    assert "| inside | 100.00 | 10.00 |" in capsys.readouterr().out
