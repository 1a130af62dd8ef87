"""The kill test: where it kills, and what it says when nothing differs; real kills are in `tests/runtime`."""

import json

from experiments.benchmarks import kill


def test_kills_are_spread_over_the_run_and_each_has_a_place_of_its_own():
    places = kill.places(50, 200, seed=0)
    steps = [one.steps for one in places]
    assert steps == sorted(set(steps)) and steps[0] < 20 and 160 < steps[-1] <= 180
    assert {one.checkpoint_steps for one in places} == set(kill.RHYTHMS)
    assert all(0 <= one.delay <= kill.LONGEST_DELAY for one in places)
    assert places == kill.places(50, 200, seed=0) != kill.places(50, 200, seed=1)


def test_the_command_compares_a_killed_run_with_one_left_alone(at_once, tmp_path, capsys):
    results = tmp_path / "kill.json"
    assert kill.main(["--smoke", f"--results={results}"]) == 0
    calls = [one[:2] for one in at_once[1:]]
    alone, killed = ("finish", "alone"), ("finish", "interrupted")
    assert calls == [alone, *[("interrupt", "interrupted")] * 2, killed]
    written = json.loads(results.read_text())
    assert written["kills"] == written["different_places"] == 2
    assert written["differences"] == [] and written["steps"] == 200
    assert "| by_phase | {'replay': 2} |" in capsys.readouterr().out


def test_a_difference_is_a_failure(at_once, monkeypatch):
    monkeypatch.setattr(kill, "disturb", lambda run, folder, places: ([], ["encoder/params"]))
    assert kill.main(["--smoke"]) == 1
