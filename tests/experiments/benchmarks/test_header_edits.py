"""Random edits of a memory file: each kind edits, and an edit that goes unnoticed would be told."""

import json
import random

import pytest

from experiments.benchmarks import header_edits
from experiments.benchmarks.header_edits import EDITS, MEMORY, attempt, members_of, packed


@pytest.mark.parametrize("edit", EDITS)
def test_every_kind_of_edit_changes_the_file(edit):
    whole = MEMORY.read_bytes()
    edited = {edit(random.Random(seed), whole) for seed in range(20)}
    assert len(edited - {whole, packed(members_of(whole))}) > 10


def test_an_edit_that_goes_unnoticed_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(header_edits, "EDITS", (header_edits.edit_bytes,))
    monkeypatch.setattr(header_edits, "judge", lambda edited, path: ("something else",))
    with pytest.raises(RuntimeError, match="edit_bytes was accepted and says something else"):
        attempt(random.Random(0), MEMORY.read_bytes(), ("what it said",), tmp_path / "m.npz")


def test_figures_are_published_with_what_they_were_measured_with(tmp_path, capsys):
    header_edits.main(["--edits=20", f"--results={tmp_path / 'edits.json'}"])
    figures = json.loads((tmp_path / "edits.json").read_text())
    assert sum(figures["edits"].values()) == 20
    assert figures["peak_mebibytes"] > 0
    assert "refused" in capsys.readouterr().out
