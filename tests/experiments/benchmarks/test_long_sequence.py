"""The benchmark of the long sequence: what it makes of step times by hand, and where it interrupts."""

import json
import signal
from typing import cast

import pytest

from braincl_jax.runtime.checkpoint import write_checkpoint
from experiments.benchmarks import first_and_last, long_sequence, step_times
from experiments.benchmarks.launched import Landing, Launched
from experiments.benchmarks.step_times import Process


def line(task: int, seconds: float, *, phase="replay", steps=1, compiled=0) -> dict:
    return {
        "task": task,
        "phase": phase,
        "steps": steps,
        "seconds": seconds,
        "compiled": compiled,
    }


@pytest.fixture
def processes() -> list[Process]:
    """Four tasks, resumed in task 2."""
    return [
        Process(
            0,
            [
                *(line(0, 9.0, steps=3, compiled=5), line(0, 0.6, steps=3)),
                *(line(1, 0.4), line(1, 0.3), line(2, 0.1, compiled=1)),
                line(3, 0.7, phase="checkpoint"),
            ],
        ),
        Process(40, [line(2, 5.0, compiled=4), line(3, 0.8, steps=2), line(3, 0.6)]),
    ]


def test_the_file_is_split_where_processes_began(processes, tmp_path):
    path = tmp_path / "timings.jsonl"
    lines = [{"from_step": 0}, *processes[0].lines, {"from_step": 40}, *processes[1].lines]
    path.write_text("".join(json.dumps(one) + "\n" for one in lines))
    assert step_times.read_timings(path) == processes


def test_compilations_are_counted_apart_once_a_process_has_been_in_every_phase(processes):
    assert step_times.compilations(processes[0]) == {
        "from_step": 0,
        "first_task": 0,
        "last_task": 2,  # the checkpoint after it counts as the beginning of task 3
        "compiled_in_first_two_tasks": 5,
        "compiled_later": 1,
    }
    assert step_times.compilations(processes[1])["compiled_in_first_two_tasks"] == 4


def test_first_and_last_tasks_are_compared_without_what_was_compiled_in(processes):
    figures = step_times.first_and_last(processes, num_tasks=4, number=2)
    # First: 0.6 / 3, 0.4, 0.3; last: 0.8 / 2, 0.6. A tenth of so few is the first of them.
    assert figures == {
        "replay": {
            "median_ms": {"first": 300.0, "last": 500.0},
            "median_ratio": 1.667,
            "fast_ms": {"first": 200.0, "last": 400.0},
            "fast_ratio": 2.0,
        }
    }


def test_step_times_are_plotted(processes, tmp_path):
    step_times.plot(tmp_path / "times.png", processes, 4)
    assert (tmp_path / "times.png").read_bytes().startswith(b"\x89PNG")


def test_signals_take_turns_one_in_every_equal_share_of_the_steps(tmp_path):
    class Recorded:
        def __init__(self):
            self.calls = []

        def interrupt_at(self, workdir, steps, *, delay, number):
            self.calls.append((steps, number, delay))
            return Landing(0, "replay", steps, 0)

        def finish(self, workdir):
            self.calls.append("finished")

    run = Recorded()
    landings = long_sequence.interrupt(
        cast(Launched, run), tmp_path, number=5, num_steps=1000, seed=3
    )
    *interruptions, last = run.calls
    assert last == "finished"
    assert [steps // 200 for steps, *_ in interruptions] == [0, 1, 2, 3, 4]
    kill, term = signal.SIGKILL, signal.SIGTERM
    assert [number for _, number, _ in interruptions] == [kill, term, kill, term, kill]
    assert all(0 <= delay <= long_sequence.LONGEST_DELAY for *_, delay in interruptions)
    assert [one["signal"] for one in landings] == ["SIGKILL", "SIGTERM"] * 2 + ["SIGKILL"]


def test_the_first_brain_and_the_last_go_through_the_same_compiled_steps(
    tiny_config, tiny_stream, diary, tmp_path, monkeypatch
):
    monkeypatch.setattr(first_and_last, "build_stream", lambda config: tiny_stream)
    with pytest.raises(ValueError, match="has no checkpoints"):
        first_and_last.Learners(tiny_config, tmp_path)
    write_checkpoint(tmp_path / "checkpoints", 1, diary.after[(1, "replay")], {}, {})
    learners = first_and_last.Learners(tiny_config, tmp_path)
    figures = learners.measure("replay", rounds=1, steps=2)
    assert figures["first_ms"] > 0 and figures["last_ms"] > 0
    # One step when it was set up, and two in each round, of which the first is not counted.
    replayed = [
        int(state.consolidation.examples["replay"][0]) for state in learners._states.values()
    ]
    before = int(diary.after[(1, "replay")].consolidation.examples["replay"])
    assert replayed == [16 * (1 + 2 * 2), before + 16 * 2 * 2]
