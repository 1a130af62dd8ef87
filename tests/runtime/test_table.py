"""The log as a table: the same numbers, read back by Python's own reader and by Arrow's."""

import csv
import json
import os
import time
import tracemalloc

import pytest

from braincl_jax.runtime.table import MetricsTable, write_table

LINES = [
    {"task": 0, "phase": "start", "step": 1},
    {"task": 0, "phase": "replay", "step": 20, "loss": 0.1, "accuracy": 1 / 3},
    {"task": 0, "phase": "replay", "step": 40, "loss": 1e-30},
    {
        "task": 0,
        "phase": "after_task",
        "evaluator": "accuracy",
        "figures": {"by_task": [0.5, None, 1], "deep": [[1]], "more": {"a": 1}, "seen": 0.5},
    },
    {
        "task": 0,
        "phase": "after_task",
        "evaluator": 'part(a="x, y")',
        "figures": {"seen": None, "name": 'é, "q"\nz'},
    },
]


def write_log(folder, lines=LINES):
    log = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "metrics.jsonl").write_text(log)
    return folder / "metrics.jsonl"


def read(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_line_is_a_row_and_every_metric_a_column(tmp_path):
    write_table(write_log(tmp_path), tmp_path / "metrics.csv")
    rows = read(tmp_path / "metrics.csv")
    assert list(rows[0]) == [
        *("task", "phase", "step", "loss", "accuracy"),
        *("accuracy.by_task", "accuracy.seen", 'part(a="x, y").seen', 'part(a="x, y").name'),
    ]
    assert [(row["task"], row["phase"], row["step"]) for row in rows] == [
        *(("0", "start", "1"), ("0", "replay", "20"), ("0", "replay", "40")),
        *(("0", "after_task", ""), ("0", "after_task", "")),
    ]
    # Not a digit is lost.
    assert float(rows[1]["accuracy"]) == 1 / 3
    assert float(rows[2]["loss"]) == 1e-30
    assert json.loads(rows[3]["accuracy.by_task"]) == [0.5, None, 1]
    assert rows[4]['part(a="x, y").name'] == 'é, "q"\nz'
    filled = [sum(cell != "" for cell in row.values()) for row in rows]
    assert filled == [3, 5, 4, 4, 3]


def test_another_reader_finds_numbers_in_the_columns(tmp_path):
    arrow = pytest.importorskip("pyarrow.csv")
    write_table(write_log(tmp_path, LINES[:4]), tmp_path / "metrics.csv")
    columns = arrow.read_csv(tmp_path / "metrics.csv").to_pydict()
    assert columns["loss"] == [None, 0.1, 1e-30, None]
    assert columns["step"] == [1, 20, 40, None]
    assert columns["accuracy.seen"] == [None, None, None, 0.5]


def test_an_empty_log_has_a_header(tmp_path):
    write_table(write_log(tmp_path, []), tmp_path / "metrics.csv")
    assert (tmp_path / "metrics.csv").read_text() == "task,phase,step\n"


def test_it_lies_beside_its_log_and_is_what_the_log_says_at_the_end(tmp_path):
    log = write_log(tmp_path, LINES[:3])
    table = MetricsTable(log)
    table.begin(iter(LINES[:3]))
    table.follow(LINES[3])
    assert not (tmp_path / "metrics.csv").exists()
    table.end()
    assert len(read(tmp_path / "metrics.csv")) == 3
    # As after a resume: lines were taken back.
    write_log(tmp_path, LINES[:2])
    table.end()
    assert [row["step"] for row in read(tmp_path / "metrics.csv")] == ["1", "20"]
    assert sorted(os.listdir(tmp_path)) == ["metrics.csv", "metrics.jsonl"]


def test_a_write_that_fails_leaves_the_old_table_and_nothing_else(tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError("disk full")

    table = tmp_path / "metrics.csv"
    write_table(write_log(tmp_path, LINES[:2]), table)
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="disk full"):
        write_table(write_log(tmp_path), table)
    assert len(read(table)) == 2
    assert sorted(os.listdir(tmp_path)) == ["metrics.csv", "metrics.jsonl"]


def test_five_hundred_tasks_take_no_memory(tmp_path):
    by_task = [{"by_task": [0.5] * (task + 1)} for task in range(500)]
    looked = [
        {"task": task, "phase": "after_task", "evaluator": "accuracy", "figures": figures}
        for task, figures in enumerate(by_task)
    ]
    steps = [
        {"task": task, "phase": "replay", "step": step, "loss": 0.5}
        for task in range(500)
        for step in range(50)
    ]
    log, start = write_log(tmp_path, [*looked, *steps]), time.process_time()
    tracemalloc.start()
    write_table(log, tmp_path / "metrics.csv")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5e6
    assert (tmp_path / "metrics.csv").stat().st_size < log.stat().st_size
    assert time.process_time() - start < 20
