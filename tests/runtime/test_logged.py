"""Reading the log: whole lines, names of metrics, and steps over all tasks."""

import pytest

from braincl_jax.runtime.log import MetricsLog
from braincl_jax.runtime.logged import StepCount, metrics_in, read_log


def test_what_was_written_is_read(tmp_path):
    lines = [{"task": 0, "phase": "replay", "step": 20, "loss": 0.5}, {"task": 0, "phase": "é"}]
    with MetricsLog(tmp_path / "metrics.jsonl") as log:
        for line in lines:
            log.write(**line)
    assert list(read_log(tmp_path / "metrics.jsonl")) == lines


def test_a_line_that_was_cut_off_is_left_out(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"task": 0}\n{"task": 1')
    assert list(read_log(path)) == [{"task": 0}]
    path.write_text('{"task": 0}\n{"task": 1}')
    assert list(read_log(path)) == [{"task": 0}]


@pytest.mark.parametrize("line", ['{"task": 1', "[1]", ""])
def test_a_damaged_line_is_named(tmp_path, line):
    path = tmp_path / "metrics.jsonl"
    path.write_text(f'{{"task": 0}}\n{line}\n')
    with pytest.raises(ValueError, match=r"metrics.jsonl, line 2, is no JSON"):
        list(read_log(path))


def test_metrics_of_evaluators_have_the_name_of_the_evaluator_before_them():
    phase = {"task": 0, "phase": "replay", "step": 20, "loss": 0.5, "accuracy": 1.0}
    assert metrics_in(phase) == {"loss": 0.5, "accuracy": 1.0}
    looked = {"task": 0, "phase": "after_task", "evaluator": "f1(b=2)", "figures": {"mean": 0.25}}
    assert metrics_in(looked) == {"f1(b=2).mean": 0.25}


def test_steps_are_counted_over_all_tasks_and_by_phase():
    count = StepCount()
    places = [(0, "a", 20), (0, "a", 30), (0, "b", 5), (1, "a", 20), (1, "a", 35), (3, "a", 1)]
    counted = [count({"task": task, "phase": phase, "step": step}) for task, phase, step in places]
    # Of phase a, task 0 has 30 steps and task 1 has 35.
    assert counted == [20, 30, 5, 50, 65, 66]
