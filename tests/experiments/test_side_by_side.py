"""A comparison does what is to do, goes on after what fails, and takes nothing away."""

import json
import sys
from pathlib import Path

import pytest

from braincl_jax.runtime.interrupt import EXIT_INTERRUPTED, Stop
from experiments import side_by_side
from experiments.grid import BEGUN, FINISHED, TO_DO


class FakeRun:
    """A run that somebody else does."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.seed, self.arguments = name, 0, (f"--config={name}.py",)
        self.label = name
        self.folder = folder / name

    @property
    def summary(self):
        path = self.folder / "summary.json"
        return json.loads(path.read_text()) if path.exists() else None

    @property
    def progress(self):
        if not self.folder.exists():
            return TO_DO
        return FINISHED if self.summary else BEGUN


class FakeProcesses:
    """Processes that end after so many looks at them, as `codes` says, or when they are told to."""

    def __init__(self) -> None:
        self.commands, self.environments, self.codes, self.looks = [], [], {}, {}
        self.alive, self.most_alive, self.terminated = 0, 0, []

    def __call__(self, command, *, env, stdout, stderr):
        self.commands.append(command)
        self.environments.append(env)
        if stdout is not None:
            stdout.write(b"what it prints\n")
        self.alive += 1
        self.most_alive = max(self.most_alive, self.alive)
        return FakeProcess(self, Path(command[-1].removeprefix("--workdir=")))


class FakeProcess:
    def __init__(self, all_of_them: FakeProcesses, folder: Path) -> None:
        self.all, self.folder, self.returncode = all_of_them, folder, None
        self.looks = all_of_them.looks.get(folder.name, 1)

    def poll(self):
        self.looks -= 1
        if self.looks == 0:
            self._end(self.all.codes.get(self.folder.name, 0))
        return self.returncode

    def terminate(self):
        self.all.terminated.append(self.folder.name)
        self._end(EXIT_INTERRUPTED)

    def _end(self, code: int) -> None:
        self.returncode = code
        self.all.alive -= 1
        self.folder.mkdir(parents=True, exist_ok=True)
        if not code:
            told = json.dumps({"wall_seconds": {"replay": 60.0}})
            (self.folder / "summary.json").write_text(told)


@pytest.fixture
def processes(monkeypatch):
    fake = FakeProcesses()
    monkeypatch.setattr(side_by_side.subprocess, "Popen", fake)
    monkeypatch.setattr(side_by_side, "POLL_SECONDS", 0)
    return fake


def launch(runs, stop, jobs=1):
    return [run.name for run in side_by_side.launch_all(runs, stop, jobs)]


def test_what_is_finished_is_not_done_again(processes, tmp_path, capsys):
    runs = [FakeRun(name, tmp_path) for name in ("a", "b", "c")]
    assert launch(runs[:1], Stop()) == []
    assert launch(runs, Stop()) == []
    commands = processes.commands
    assert [command[-1] for command in commands] == [f"--workdir={run.folder}" for run in runs]
    assert commands[0][:4] == [sys.executable, "-m", "experiments.launch", "--config=a.py"]
    assert not any("--restart" in command for command in commands)
    assert processes.most_alive == 1 and side_by_side.MEMORY_SHARE not in processes.environments[0]
    told = capsys.readouterr().out
    assert "== run 2 of 3: b, seed 0; about 2 min 00 s for all that is left" in told


def test_a_run_that_fails_keeps_no_other_from_being_done(processes, tmp_path):
    processes.codes["a"] = 2
    assert launch([FakeRun(name, tmp_path) for name in ("a", "b")], Stop()) == ["a"]
    assert len(processes.commands) == 2


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize(("code", "failed"), [(0, []), (2, ["a", "a too"])])
def test_two_names_of_one_run_are_done_once(jobs, code, failed, processes, tmp_path):
    runs = [FakeRun(name, tmp_path) for name in ("a", "b", "a too")]
    runs[2].folder = runs[0].folder
    processes.codes["a"] = code
    assert launch(runs, Stop(), jobs) == failed
    assert len(processes.commands) == 2


def test_an_interruption_ends_the_comparison(processes, tmp_path):
    processes.codes["a"] = EXIT_INTERRUPTED
    stop = Stop()
    launch([FakeRun(name, tmp_path) for name in ("a", "b")], stop)
    assert stop.asked and len(processes.commands) == 1


def test_several_at_a_time_share_an_accelerator_and_write_logs(
    processes, tmp_path, capsys, monkeypatch
):
    monkeypatch.delenv(side_by_side.MEMORY_SHARE, raising=False)
    names = ["a", "b", "c", "d", "e"]
    processes.looks, processes.codes["d"] = {"a": 9, "b": 2}, 3
    runs = [FakeRun(name, tmp_path) for name in names]
    assert launch(runs, Stop(), jobs=2) == ["d"]
    assert processes.most_alive == 2 and len(processes.commands) == 5
    assert {one[side_by_side.MEMORY_SHARE] for one in processes.environments} == {"0.450"}
    for name in names:
        assert (tmp_path / f"{name}.log").read_text() == "what it prints\n"
    told = capsys.readouterr().out
    assert "== run 2 of 5: finished" in told and "== run 1 of 5: finished" in told
    assert f"== run 4 of 5: ended with code 3, see {tmp_path / 'd.log'}" in told


def test_those_under_way_are_told_to_save_themselves(processes, tmp_path):
    stop = Stop()
    processes.looks = {"a": 10**9, "b": 2, "c": 10**9}
    processes.codes["b"] = EXIT_INTERRUPTED
    launch([FakeRun(name, tmp_path) for name in ("a", "b", "c", "d")], stop, jobs=3)
    assert stop.asked and sorted(processes.terminated) == ["a", "c"]
    assert len(processes.commands) == 3 and processes.alive == 0


def test_the_share_of_memory_that_the_user_has_set_stays():
    given = {side_by_side.MEMORY_SHARE: "0.1"}
    assert side_by_side.environment_of(4, given) == given
    assert side_by_side.environment_of(1, {}) == {}
