"""Kills at the end: what is told of them, without a run; each process of the fakes ends when it is killed."""

import json
import signal
from pathlib import Path

import pytest

from braincl_jax.runtime.launches import Launch, note_launch
from experiments.benchmarks import kill_ends
from experiments.benchmarks.kill_ends import kill_at_end, kill_comparison, learned, results_of


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
    """Each start of a folder leaves one thing more: its last checkpoint, a summary, a report."""

    def __init__(self) -> None:
        self.finished = []

    def start(self, workdir: Path) -> Process:
        checkpoint, summary = workdir / "checkpoints" / "00000009", workdir / "summary.json"
        if summary.exists():
            (workdir / "report").mkdir()
            (workdir / "report" / "contents.json").write_text("[]")
        elif checkpoint.exists():
            summary.touch()
        checkpoint.mkdir(parents=True, exist_ok=True)
        note_launch(workdir / "launches.jsonl", Launch(0, "", "", "", "", ""))
        return Process()

    def finish(self, workdir: Path) -> None:
        self.finished.append(workdir.name)


def test_a_run_is_killed_at_its_last_checkpoint_and_copies_of_it_until_their_reports_are_whole(
    tmp_path,
):
    run, template = Run(), tmp_path / "template"
    (tmp_path / "alone" / "checkpoints" / "00000009").mkdir(parents=True)
    learned(run, tmp_path / "alone", template)  # pyright: ignore
    found, copies = kill_at_end(run, template, tmp_path, [0.0] * 5)  # pyright: ignore
    assert found == ["summary", "report", "summary", "report", "summary"]
    assert [copy.name for copy in copies] == run.finished == ["killed0", "killed2", "killed4"]
    assert not (template / "summary.json").exists()


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
    compute = {"flops": {"replay": 9}, "seconds": {"replay": 3}}
    runs = [
        {"final_accuracy": 0.5, "wall_seconds": {"replay": 3}, "compute": compute, "commit": "a"}
    ]
    (tmp_path / "results.json").write_text(json.dumps(runs))
    assert results_of(tmp_path) == [{"final_accuracy": 0.5, "compute": {"flops": {"replay": 9}}}]
