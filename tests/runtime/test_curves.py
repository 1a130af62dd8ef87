"""The thinned form of the log."""

import json
import time
import tracemalloc

import numpy as np

from braincl_jax.runtime.curves import MOST_POINTS, thinned


def write(path, lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def replay(task, step, **metrics):
    return {"task": task, "phase": "replay", "step": step, **metrics}


def test_a_short_log_is_kept_whole_by_phase_and_without_evaluators(tmp_path):
    path = write(
        tmp_path / "metrics.jsonl",
        [
            {"task": 0, "phase": "start", "step": 1},
            {"task": 0, "phase": "encode", "step": 20, "psnr_db": 24.123456789},
            replay(0, 20, loss=0.5, learning_rate=1e-3),
            replay(0, 30, loss=0.25),
            {"task": 0, "phase": "after_task", "evaluator": "accuracy", "figures": {"a": 1}},
            replay(1, 10, loss=2, learning_rate=1.2345678e-7),
        ],
    )
    assert thinned(path) == {
        "encode": {"task": [0], "step": [20], "psnr_db": [24.123]},
        "replay": {
            "task": [0, 0, 1],
            "step": [20, 30, 40],
            "loss": [0.5, 0.25, 2],
            "learning_rate": [1e-3, None, 1.2346e-7],
        },
    }


def test_a_long_log_is_thinned_evenly_from_the_first_line_to_the_last(tmp_path):
    path = write(tmp_path / "m.jsonl", [replay(k // 500, k % 500 + 1, loss=k) for k in range(5000)])
    curve = thinned(path)["replay"]
    assert len(curve["loss"]) == MOST_POINTS == 200
    assert (curve["loss"][0], curve["loss"][-1]) == (0, 4999)
    assert set(np.diff(curve["loss"])) <= {25, 26}
    # One step a line, whatever the task.
    assert curve["step"] == [loss + 1 for loss in curve["loss"]]
    assert curve["task"] == [loss // 500 for loss in curve["loss"]]


def test_five_hundred_tasks_take_no_memory(tmp_path):
    lines = (replay(t, 20 * s, loss=0.1, accuracy=0.2) for t in range(500) for s in range(1, 101))
    path, start = write(tmp_path / "metrics.jsonl", lines), time.process_time()
    tracemalloc.start()
    curves = thinned(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(json.dumps(curves)) < 20_000
    assert peak < 5e6
    assert time.process_time() - start < 20


def test_a_log_without_metrics_has_no_curves(tmp_path):
    assert thinned(write(tmp_path / "m.jsonl", [{"task": 0, "phase": "start", "step": 1}])) == {}
