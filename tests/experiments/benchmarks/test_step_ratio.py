"""The comparison with another checkout: the same flags for both, in turn."""

import json

from experiments.benchmarks import step_ratio
from experiments.benchmarks.launched import ROOT


def test_both_checkouts_run_in_turn_with_the_same_flags(at_once, tmp_path, capsys):
    results, other = tmp_path / "ratio.json", tmp_path / "other"
    other.mkdir()
    asked = ["--smoke", "--rounds=1", "--devices", "2", f"--other={other}"]
    step_ratio.main([*asked, f"--results={results}"])
    (flags, this), (same, that), *calls = at_once
    assert flags == same and flags[-1] == "--config.num_devices=2"
    assert (this["root"], that["root"]) == (ROOT.resolve(), other.resolve())
    assert [name for _, name, _ in calls] == ["this-0", "other-0", "this-1", "other-1"]
    (found,) = json.loads(results.read_text())["by_devices"].values()
    assert found["ratio"] == {"encode": 1.0, "classify": 1.0, "replay": 1.0}
    # 3 in encode and 2 in replay; those of the last examination do not count.
    assert found["this"]["compilations"] == found["other"]["compilations"] == 5
    assert min(found[name]["checkpoint_bytes"] for name in ("this", "other")) > 34
    assert "| this | 5 |" in capsys.readouterr().out
