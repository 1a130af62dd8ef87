"""What is made of step times by hand."""

import json

import pytest

from experiments.benchmarks import step_times
from experiments.benchmarks.step_times import Process


def line(task: int, seconds: float, *, phase="replay", steps=1, compiled=0) -> dict:
    return {"task": task, "phase": phase, "steps": steps, "seconds": seconds, "compiled": compiled}


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


def test_what_is_looked_at_when_all_is_learned_compiles_nothing_of_learning(processes):
    lines = [*processes[1].lines, line(3, 9.0, phase="at_end", compiled=4)]
    assert step_times.compilations(Process(40, lines))["compiled_in_first_two_tasks"] == 4


def test_lines_in_which_something_was_compiled_do_not_count(processes):
    assert step_times.step_seconds(processes) == {
        "replay": pytest.approx([0.2, 0.4, 0.3, 0.4, 0.6]),
        "checkpoint": [0.7],
    }
    assert step_times.step_seconds(processes, lambda task: task == 1) == {"replay": [0.4, 0.3]}


def test_what_evaluators_take_is_told_by_the_tasks_that_they_look_at():
    lines = [line(task, 0.5 * (task + 1), phase="after_task") for task in range(3)]
    assert step_times.step_seconds([Process(0, lines)]) == {"after_task": [0.5, 0.5, 0.5]}


def test_ratios_are_medians_over_rounds_of_whole_runs():
    measured = [
        {"a": {"encode": 1.0, "replay": 3.0}, "b": {"encode": 1.0, "replay": 1.0}},
        {"a": {"encode": 4.0, "replay": 4.0}, "b": {"encode": 2.0, "replay": 2.0}},
        {"a": {"encode": 3.0, "replay": 5.0}, "b": {"encode": 1.0, "replay": 4.0}},
    ]
    expected = {"encode": 2.0, "replay": 2.0}
    assert step_times.ratios(measured, "a", "b", ("encode", "replay")) == expected


def test_whole_runs_are_done_in_turn_and_the_first_round_does_not_count(tmp_path):
    class Slower:
        def __init__(self, name: str) -> None:
            self.name = name

        def finish(self, workdir) -> None:
            order.append(workdir.name)
            workdir.mkdir()
            lines = [{"from_step": 0}, line(0, len(order)), line(0, len(order) + 2.0)]
            text = "".join(json.dumps(one) + "\n" for one in lines)
            (workdir / "timings.jsonl").write_text(text)

    order: list[str] = []
    runs = {name: Slower(name) for name in ("a", "b")}
    measured = step_times.runs_in_turn(runs, tmp_path, 1)  # pyright: ignore[reportArgumentType]
    assert order == ["a-0", "b-0", "a-1", "b-1"]
    assert measured == [{"a": {"replay": 4.0}, "b": {"replay": 5.0}}]
