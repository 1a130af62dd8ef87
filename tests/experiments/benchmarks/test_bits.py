"""Where bits go: arithmetic by hand, and what must hold of every memory."""

import json

import numpy as np
import pytest

from experiments.benchmarks import bits


def test_the_entropy_of_a_channel_by_hand():
    # Half, a quarter and a quarter: 1 + 2 + 2 + 1 bits. The other channel always says the same.
    cues = np.array([[[[5, 0], [-1, 0]]], [[[7, 0], [5, 0]]]])
    assert bits.counted_bits(cues) == 6.0


@pytest.fixture(scope="module")
def found(learned) -> dict[str, float]:
    return bits.where_bits_go(learned)


def test_a_string_weighs_its_information_and_at_most_five_bytes_more(found):
    # The final state is 32 bits, 16 of which were there before; words are 16 bits.
    assert 1 <= found["string"] - found["table"] <= 5
    # The ends of the window take what the density, hardly trained, expects beyond it.
    assert 0.8 * found["density"] < found["table"] < 1.01 * found["density"]
    assert found["without_context"] > 0


def test_the_command_learns_at_the_budget_and_tells_all_that(found, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(bits, "learn", lambda config: config.budget_bytes)
    monkeypatch.setattr(bits, "where_bits_go", {9600: found}.get)
    results = tmp_path / "bits.json"
    bits.main(["--smoke", "--bytes=100", f"--results={results}"])
    written = json.loads(results.read_text())
    assert written["bytes"] == pytest.approx(found)
    assert "| information, without_context |" in capsys.readouterr().out
