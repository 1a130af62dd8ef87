"""The harness: ratios within rounds, commands as they are stored, and every measurement says what it is."""

import importlib
import json
from pathlib import Path

import numpy as np
import pytest

import experiments.benchmarks
from braincl_jax.build import build_stream
from braincl_jax.config import Config
from experiments.arguments import read_config
from experiments.benchmarks import harness

FOLDER = Path(experiments.benchmarks.__file__).parent
COMMANDS = sorted(path.stem for path in FOLDER.glob("*.py") if 'CommandLine("' in path.read_text())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_measurement_says_what_it_is_and_how_to_repeat_it(name, capsys):
    module = importlib.import_module(f"experiments.benchmarks.{name}")
    with pytest.raises(SystemExit) as ended:
        module.main(["--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert f"Command:   python -m experiments.benchmarks.{name}" in told
    assert all(word in told for word in ("Takes:", "Expect:", "--smoke", "--results"))


def test_there_are_measurements_to_ask():
    assert {"rate", "kill", "step_ratio"} <= set(COMMANDS)


def test_flags_of_the_run_are_told_from_those_of_the_measurement(tmp_path, capsys):
    line = harness.CommandLine("kill", "What.")
    asked = line.read(["--smoke", "--config.dataset=npz:/home/me/a.npz"])
    assert asked.config == ["--config.dataset=npz:/home/me/a.npz"]
    assert asked.made["command"] == (
        "python -m experiments.benchmarks.kill --smoke --config.dataset=npz:a.npz"
    )
    with pytest.raises(SystemExit):
        line.read(["--config", "a.py"])
    assert "--config is neither a flag nor --config.KEY=VALUE" in capsys.readouterr().err


def test_a_measurement_without_a_run_takes_no_settings_of_one(capsys):
    with pytest.raises(SystemExit):
        harness.CommandLine("header_edits", "", settings=False).read(["--config.seed=1"])
    assert "--config.seed=1 is no flag: there is no run here" in capsys.readouterr().err


def test_figures_are_written_with_what_they_were_measured_with(tmp_path):
    path = tmp_path / "results" / "kill.json"
    harness.publish(harness.CommandLine("kill", "").read([f"--results={path}"]), {"kills": 3})
    written = json.loads(path.read_text())
    assert written["kills"] == 3 and set(written) == {"command", "commit", "hardware", "kills"}


def test_commands_and_data_sets_are_stored_without_folders():
    assert harness.public("npz:/home/me/cifar100.npz") == "npz:cifar100.npz"
    assert harness.public("--config.dataset=npz:/a/b/c.npz") == "--config.dataset=npz:c.npz"
    assert harness.public("--results=/a/b/c.json") == "--results=c.json"
    assert harness.public("/a/b/checkout") == "checkout"
    assert (
        harness.public("--config=experiments/configs/a.py") == "--config=experiments/configs/a.py"
    )
    assert harness.public(Config().dataset) == Config().dataset


def test_a_small_run_is_a_config_that_loads(tmp_path):
    config = read_config(harness.small_flags(tmp_path, num_tasks=3))
    spec = build_stream(config).spec
    assert (spec.num_tasks, spec.num_classes, spec.num_images) == (3, 6, 6 * harness.IMAGES)
    assert spec.image_shape == (8, 8, 1)


def test_given_settings_come_after_defaults_and_a_given_file_in_place_of_theirs():
    asked = harness.CommandLine("kill", "").read(["--config=b.py", "--config.seed=2"])
    with harness.workplace(asked, "--config=a.py", "--config.seed=1") as (folder, flags):
        assert folder.is_dir()
        assert flags == ["--config=b.py", "--config.seed=1", "--config.seed=2"]
    assert not folder.exists()


def test_with_smoke_the_run_is_a_small_one():
    asked = harness.CommandLine("kill", "").read(["--smoke", "--config.seed=7"])
    with harness.workplace(asked, "--config=experiments/configs/omniglot_50.py") as (_, flags):
        config = read_config(flags)
    assert (config.seed, config.num_tasks, config.sleep.steps) == (7, 2, 6)


def test_things_are_timed_in_turn_and_the_first_round_does_not_count(monkeypatch):
    now = [0.0]
    order = []

    def thing(name: str, seconds: float):
        def do():
            order.append(name)
            now[0] += seconds * (1 + 9 * (len(order) < 3))

        return do

    monkeypatch.setattr(harness.time, "perf_counter", lambda: now[0])
    measured = harness.in_turn({"a": thing("a", 1.0), "b": thing("b", 2.0)}, 2)
    assert order == ["a", "b"] * 3
    np.testing.assert_allclose([[one["a"], one["b"]] for one in measured], [[1, 2]] * 2)


def test_a_ratio_is_the_median_over_rounds_and_not_a_ratio_of_medians():
    rounds = [{"a": 300.0, "b": 600.0}, {"a": 100.0, "b": 150.0}, {"a": 200.0, "b": 100.0}]
    assert harness.median(rounds, lambda one: one["b"] / one["a"]) == 1.5


def test_a_table_has_commas_and_two_digits(capsys):
    harness.show(["", "bytes", "dB"], [["ours", 12_345, 20.125]])
    assert "| ours | 12,345 | 20.12 |" in capsys.readouterr().out
