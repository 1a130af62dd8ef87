"""The long sequence: where it is interrupted, and what is made of its step times."""

import json
import signal

import pytest

from experiments.benchmarks import long_sequence
from experiments.benchmarks.step_times import Process


def line(task: int, seconds: float, *, phase="replay", steps=1, compiled=0) -> dict:
    return {"task": task, "phase": phase, "steps": steps, "seconds": seconds, "compiled": compiled}


def test_signals_take_turns_one_in_every_equal_share_of_the_steps():
    places = long_sequence.places(5, 1000, seed=3)
    assert [one.steps // 200 for one in places] == [0, 1, 2, 3, 4]
    kill, term = signal.SIGKILL, signal.SIGTERM
    assert [one.number for one in places] == [kill, term, kill, term, kill]
    assert all(0 <= one.delay <= long_sequence.LONGEST_DELAY for one in places)


def test_first_and_last_tasks_are_compared_without_what_was_compiled_in(monkeypatch):
    monkeypatch.setattr(long_sequence, "ENDS", 2)
    processes = [
        Process(0, [line(0, 9.0, compiled=5), line(0, 0.6, steps=3), line(1, 0.4), line(1, 0.3)]),
        Process(40, [line(2, 5.0, compiled=4), line(3, 0.8, steps=2), line(3, 0.6)]),
    ]
    # First: 0.6 / 3, 0.4, 0.3; last: 0.8 / 2, 0.6. A tenth of so few is the first of them.
    assert long_sequence.first_and_last(processes, num_tasks=4) == {
        "replay": {
            "median_ms": {"first": 300.0, "last": 500.0},
            "median_ratio": 1.667,
            "fast_ms": {"first": 200.0, "last": 400.0},
            "fast_ratio": 2.0,
        }
    }


@pytest.mark.parametrize(("free", "within"), [((500, 60), True), ((500, -2), False)])
def test_a_bill_above_the_budget_is_a_failure(at_once, monkeypatch, free, within):
    monkeypatch.setattr(long_sequence, "free_bytes", lambda workdir: list(free))
    assert long_sequence.main(["--smoke"]) == (0 if within else 1)


def test_the_command_tells_of_the_interrupted_run_and_plots_it(at_once, tmp_path):
    results = tmp_path / "long.json"
    assert long_sequence.main(["--smoke", f"--results={results}", f"--folder={tmp_path}"]) == 0
    written = json.loads(results.read_text())
    assert written["used_bytes_after_each_task"] == [460, 900]
    assert [one["compiled_later"] for one in written["processes"]] == [0]
    assert len(written["interruptions"]) == 2 and written["differences"] == []
    assert written["step_times"]["replay"]["median_ms"]["first"] == pytest.approx(100, rel=0.1)
    assert results.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "alone").is_dir() and (tmp_path / "interrupted").is_dir()
