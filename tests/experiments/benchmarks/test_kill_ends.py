"""Kills at the end: what is told of them, without a run; each process of the fakes ends when it is killed."""

import json
import signal
from pathlib import Path

import pytest

from braincl_jax.runtime.launches import Launch, note_launch
from experiments.benchmarks import kill_ends
from experiments.benchmarks.kill_ends import kill_at_end, kill_comparison, results_of


class Process:
    """Has written what it does when it is started; ends with `code` when it is waited for."""

    pid = 7

    def __init__(self, code: int = 0, late: bool = False) -> None:
        self._code, self._late = code, late

    def poll(self):
        return None

    def kill(self):
        pass

    def wait(self, timeout=None):
        if self._late and timeout is not None:
            raise kill_ends.subprocess.TimeoutExpired("compare", timeout)
        return self._code


class Run:
    """The first start leaves a checkpoint, the second a summary, the third a report."""

    def __init__(self) -> None:
        self.starts = 0

    def start(self, workdir: Path) -> Process:
        (workdir / "checkpoints" / "00000009").mkdir(parents=True, exist_ok=True)
        self.starts += 1
        note_launch(workdir / "launches.jsonl", Launch(0, "", "", "", "", ""))
        if self.starts > 1:
            (workdir / "summary.json").touch()
        if self.starts > 2:
            (workdir / "report").mkdir(exist_ok=True)
            (workdir / "report" / "contents.json").write_text("[]")
        return Process()

    def finish(self, workdir: Path) -> None:
        self.starts += 100


def test_what_there_is_after_each_kill_is_told(tmp_path):
    (tmp_path / "alone" / "checkpoints" / "00000009").mkdir(parents=True)
    run = Run()
    found = kill_at_end(run, tmp_path / "alone", tmp_path / "killed", [0.0, 0.0, 0.0])  # pyright: ignore
    assert found == ["nothing", "summary", "report"]
    assert run.starts == 103


class Compare:
    """Each start finishes one more run, and does the first one again if it is told to."""

    def __init__(self, again: bool, code: int = 0) -> None:
        self.starts, self._again, self._code = 0, again, code

    def start(self, workdir: Path) -> Process:
        self.starts += 1
        folder = workdir / f"run{self.starts}"
        folder.mkdir(parents=True)
        (folder / "summary.json").touch()
        if self._again:
            summary = workdir / "run1" / "summary.json"
            later = summary.stat().st_mtime_ns + 10**9
            kill_ends.os.utime(summary, ns=(later, later))
        return Process(self._code, late=True)


@pytest.fixture
def killed(monkeypatch):
    groups = []
    monkeypatch.setattr(kill_ends.os, "killpg", lambda *group: groups.append(group))
    return groups


def test_a_comparison_is_killed_with_what_it_started_and_does_nothing_twice(killed, tmp_path):
    found = kill_comparison(Compare(again=False), tmp_path, [0.0, 0.0])  # pyright: ignore
    assert found == ([1, 2], [])
    assert killed == [(7, signal.SIGKILL)] * 2


@pytest.mark.usefixtures("killed")
def test_a_run_that_was_done_again_is_named(tmp_path):
    _, again = kill_comparison(Compare(again=True), tmp_path, [0.0])  # pyright: ignore
    assert again == ["run1"]


def test_figures_are_compared_but_for_what_may_differ(tmp_path):
    runs = [{"final_accuracy": 0.5, "wall_seconds": {"replay": 3}, "commit": "a"}]
    (tmp_path / "results.json").write_text(json.dumps(runs))
    assert results_of(tmp_path) == [{"final_accuracy": 0.5}]
