"""The speed of decoding: what is compared decodes the same letters."""

import json
import sys

import numpy as np
import pytest

from experiments.benchmarks import coder_speed


def test_the_command_measures_strings_a_second(learned, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(coder_speed, "learn", lambda config: learned)
    results = tmp_path / "speed.json"
    coder_speed.main(["--smoke", "--rounds=1", f"--results={results}"])
    written = json.loads(results.read_text())
    assert written["strings"] == len(learned.slots(0))
    assert min(written["strings_per_second"].values()) > 0
    assert "| ours |" in capsys.readouterr().out


def test_without_constriction_there_is_a_word_and_nothing_to_compare_with(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "constriction", None)
    assert coder_speed.constriction(np.zeros((2, 2, 2, 1), np.int32)) == {}
    assert "left out" in capsys.readouterr().out


def test_constriction_decodes_the_same_letters():
    pytest.importorskip("constriction")
    symbols = np.random.default_rng(0).integers(0, 5, (3, 2, 2, 4))
    (decode,) = coder_speed.constriction(symbols).values()
    np.testing.assert_array_equal(decode(), symbols.reshape(3, 4, 4).swapaxes(1, 2))
