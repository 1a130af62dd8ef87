"""Where bits go: arithmetic by hand, and what must hold of every memory."""

import json

import numpy as np
import pytest

from experiments.benchmarks import bits


def test_the_entropy_of_a_channel_by_hand():
    # Half, a quarter and a quarter: 1 + 2 + 2 + 1 bits. The other channel always says the same.
    cues = np.array([[[[5, 0], [-1, 0]]], [[[7, 0], [5, 0]]]])
    assert bits.counted_bits(cues) == 6.0


def test_a_string_weighs_its_information_and_at_most_five_bytes_more(learned):
    found = bits.where_bits_go(learned)
    # The final state is 32 bits, 16 of which were there before; words are 16 bits.
    assert 1 <= found["string"] - found["table"] <= 5
    # The ends of the window take what the density, hardly trained, expects beyond it.
    assert 0.9 * found["density"] < found["table"] < 1.01 * found["density"]
    assert found["without_context"] > 0


def test_large_cues_are_coded_with_little_loss():
    # Two lanes a cue, each with a state of 32 bits of which about 24 say nothing.
    assert 0 < bits.large_cue_loss((14, 14, 8), number=4) < 10


def test_the_command_tells_all_that(learned, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(bits, "learn", lambda config: learned)
    results = tmp_path / "bits.json"
    bits.main(["--smoke", f"--results={results}"])
    written = json.loads(results.read_text())
    assert written["bytes"] == pytest.approx(bits.where_bits_go(learned))
    assert "| information, without_context |" in capsys.readouterr().out
