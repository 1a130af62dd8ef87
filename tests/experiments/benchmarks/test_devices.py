"""The benchmark of devices: every number of them runs in turn, with as many virtual devices."""

import json

from experiments.benchmarks import devices


def test_runs_on_some_devices_are_compared_with_the_first(at_once, tmp_path, capsys):
    results = tmp_path / "devices.json"
    devices.main(["--smoke", "--rounds=2", "--devices", "1", "2", "4", f"--results={results}"])
    made, calls = at_once[:3], at_once[3:]
    for number, (flags, options) in zip((1, 2, 4), made, strict=True):
        assert flags[-1] == f"--config.num_devices={number}"
        assert options["environment"]["XLA_FLAGS"].endswith(f"device_count={number}")
    rounds = [f"{n}-{k}" for k in range(3) for n in (1, 2, 4)]
    assert [workdir for _, workdir, _ in calls] == rounds
    found = json.loads(results.read_text())["times_as_many_images"]
    assert found == {n: {"encode": 1.0, "classify": 1.0, "replay": 1.0} for n in ("2", "4")}
    assert "| 4 over 1 | 1.00 | 1.00 | 1.00 |" in capsys.readouterr().out
