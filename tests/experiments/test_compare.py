"""A comparison says exactly what it runs."""

import json
import sys
from pathlib import Path

import pytest

from experiments import compare


def test_a_bare_name_is_a_method():
    assert compare.parse_variant("joint") == ("joint", ["--config.method=joint"])


def test_a_name_with_settings_is_a_variant():
    name, own_flags = compare.parse_variant("no wake:wake.epochs=0,codec.density=fixed")
    assert name == "no wake"
    assert own_flags == ["--config.wake.epochs=0", "--config.codec.density=fixed"]


def test_commas_inside_brackets_belong_to_a_value():
    text = "plain:sleep.augmentation=crop_flip_noise(crop_padding=3, noise=25.0),evaluators=('a', 'b'),seed=1"
    name, own_flags = compare.parse_variant(text)
    assert name == "plain"
    assert own_flags == [
        "--config.sleep.augmentation=crop_flip_noise(crop_padding=3, noise=25.0)",
        "--config.evaluators=('a', 'b')",
        "--config.seed=1",
    ]


@pytest.mark.parametrize("text", ["no_such_method", "a:b", "a:b=1,c"])
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match="variant"):
        compare.parse_variant(text)


@pytest.fixture
def launched(monkeypatch, tmp_path):
    """Replaces the launcher by one that writes its arguments down; gives the list of calls."""
    calls = []

    def launch(arguments, **options):
        if arguments[:3] != [sys.executable, "-m", "experiments.launch"]:
            return original(arguments, **options)
        calls.append(arguments)
        workdir = Path(arguments[-1].removeprefix("--workdir="))
        workdir.mkdir(parents=True, exist_ok=True)
        (workdir / "summary.json").write_text(json.dumps({"method": "braincl", "seed": 3}))

    original = compare.subprocess.run
    monkeypatch.setattr(compare.subprocess, "run", launch)
    return calls


def test_a_run_keeps_its_name_and_the_command_that_repeats_it(launched, tmp_path):
    done = compare.run(
        "no wake", ["--config.wake.epochs=0"], "3", [], config="c.py", workdir=tmp_path
    )
    assert done["method"] == "no wake"
    command = "python -m experiments.launch --config=c.py --config.wake.epochs=0 --config.seed=3"
    assert done["command"] == command
    assert done["commit"]
    assert len(launched) == 1


def test_a_finished_run_is_not_done_again(launched, tmp_path):
    for _ in range(2):
        compare.run("joint", [], "0", [], config="c.py", workdir=tmp_path)
    assert len(launched) == 1


def interrupt(tmp_path: Path, launched, commit: str) -> None:
    """What a run leaves that was interrupted, made with `commit`."""
    compare.run("joint", [], "0", [], config="c.py", workdir=tmp_path)
    (done,) = tmp_path.glob("*/results.json")
    made = {name: json.loads(done.read_text())[name] for name in ("command", "hardware")}
    done.write_text(json.dumps(made | {"commit": commit}))
    launched.clear()


def test_an_interrupted_run_goes_on(launched, tmp_path):
    interrupt(tmp_path, launched, compare.current_commit())
    compare.run("joint", [], "0", [], config="c.py", workdir=tmp_path)
    (arguments,) = launched
    assert "--restart" not in arguments


def test_an_interrupted_run_of_another_commit_starts_anew(launched, tmp_path):
    interrupt(tmp_path, launched, "another")
    compare.run("joint", [], "0", [], config="c.py", workdir=tmp_path)
    (arguments,) = launched
    assert "--restart" in arguments
