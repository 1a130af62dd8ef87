"""A comparison does what is to do, goes on after what fails, and takes nothing away."""

import json
import sys
from pathlib import Path

import pytest
from absl import flags

from braincl_jax.runtime.interrupt import EXIT_INTERRUPTED, Stop
from experiments import compare
from experiments.grid import BEGUN, FINISHED, TO_DO


class FakeRun:
    """A run that somebody else does."""

    def __init__(self, name: str, folder: Path, seconds: float = 60.0) -> None:
        self.name, self.seed, self.arguments = name, 0, (f"--config={name}.py",)
        self.label = name
        self.folder, self.seconds = folder / name, seconds

    @property
    def summary(self):
        path = self.folder / "summary.json"
        return json.loads(path.read_text()) if path.exists() else None

    @property
    def progress(self):
        if not self.folder.exists():
            return TO_DO
        return FINISHED if self.summary else BEGUN


@pytest.fixture
def launched(monkeypatch):
    """Replaces processes by what `codes` says of them; gives the list of commands."""
    commands, codes = [], {}

    def launch(command, **options):
        commands.append(command)
        folder = Path(command[-1].removeprefix("--workdir="))
        folder.mkdir(parents=True, exist_ok=True)
        code = codes.get(folder.name, 0)
        if not code:
            (folder / "summary.json").write_text(json.dumps({"wall_seconds": {"replay": 60.0}}))
        return type("Completed", (), {"returncode": code})

    monkeypatch.setattr(compare.subprocess, "run", launch)
    launch.codes = codes
    return commands, codes


def test_what_is_finished_is_not_done_again(launched, tmp_path, capsys):
    commands, _ = launched
    runs = [FakeRun(name, tmp_path) for name in ("a", "b", "c")]
    assert compare.launch_all(runs[:1], Stop()) == []  # pyright: ignore
    assert compare.launch_all(runs, Stop()) == []  # pyright: ignore
    assert [command[-1] for command in commands] == [f"--workdir={run.folder}" for run in runs]
    assert commands[0][:4] == [sys.executable, "-m", "experiments.launch", "--config=a.py"]
    assert not any("--restart" in command for command in commands)
    told = capsys.readouterr().out
    assert "== run 2 of 3: b, seed 0; about 2 min 00 s for all that is left" in told


def test_a_run_that_fails_keeps_no_other_from_being_done(launched, tmp_path):
    commands, codes = launched
    codes["a"] = 2
    runs = [FakeRun(name, tmp_path) for name in ("a", "b")]
    assert [run.name for run in compare.launch_all(runs, Stop())] == ["a"]  # pyright: ignore
    assert len(commands) == 2


def test_an_interruption_ends_the_comparison(launched, tmp_path):
    commands, codes = launched
    codes["a"] = EXIT_INTERRUPTED
    stop = Stop()
    compare.launch_all([FakeRun(name, tmp_path) for name in ("a", "b")], stop)  # pyright: ignore
    assert stop.asked and len(commands) == 1


def test_a_dry_run_says_what_is_to_do_and_trains_nothing(launched, tmp_path, capsys, monkeypatch):
    commands, _ = launched
    asked = [f"--workdir={tmp_path / 'runs'}", "--seeds=3,4", "--variant=joint", "--dry_run"]
    monkeypatch.setattr(compare.jax.config, "update", lambda *setting: None)
    flags.FLAGS.unparse_flags()
    rest = flags.FLAGS(["compare", *asked, "--", "--config.wake.epochs=0"])
    assert compare.main(rest) == 0
    told = capsys.readouterr().out
    assert told.count("| to do |") == 2 and "quickstart-joint-seed4-" in told
    assert "| joint | " in told and "examples" in told
    assert not (tmp_path / "runs").exists() and commands == []
