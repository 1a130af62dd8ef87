"""A whole run on a tiny stream: what it writes, what it weighs, and that it repeats itself."""

import dataclasses
import json
from collections import Counter
from pathlib import Path
from typing import Any

import jax
import pytest

from braincl_jax.config import from_mapping, to_mapping
from braincl_jax.memory.budget import tree_bytes
from braincl_jax.report.console import format_summary
from braincl_jax.runtime.compute import MEASURED
from braincl_jax.runtime.loop import run_sequence

SUMMARY_KEYS = {
    *("method", "dataset", "seed", "num_tasks", "class_order", "class_names", "evaluated_on"),
    *("task_classes", "left_out"),
    *("accuracy_matrix", "final_accuracy", "average_incremental_accuracy", "forgetting_chaudhry"),
    *("backward_transfer_gem", "task_aware_matrix", "task_aware_accuracy", "recall_psnr_db"),
    *("before_sleep_accuracy", "before_sleep_new_task", "mean_before_sleep_accuracy"),
    *("memory_bytes", "budget_bytes", "num_cues", "bits_per_pixel", "rows", "figures"),
    *("examples_seen", "wall_seconds", "compute", "max_flops", "max_examples"),
    *("versions", "device"),
}
ROWS = ("strings", "index", "labels", "decoders", "tables", "checksums", "free")
STAGES = (
    *("start", "encode", "memorise", "classify", "after_wake"),
    *("transfer", "replay", "after_task"),
)
PHASES = tuple(name for name in STAGES if not name.startswith("after"))


@dataclasses.dataclass
class Run:
    workdir: Path
    summary: dict
    log: list[str]
    state: Any
    traces: Counter
    method: Any


@pytest.fixture(scope="module")
def run_once(run_of, tiny_config, tiny_stream, tmp_path_factory):
    """Runs a method in a new folder and looks at its last state."""
    runs = run_of(tiny_config, tiny_stream)

    def run(**changes) -> Run:
        config = dataclasses.replace(tiny_config, **changes)
        workdir = tmp_path_factory.mktemp("run") / "results"
        summary = runs(workdir, config=config, report=True)
        log = (workdir / "metrics.jsonl").read_text().splitlines()
        traces = Counter(runs.traces[config])
        return Run(workdir, summary, log, runs.last, traces, runs.method(config))

    return run


@pytest.fixture(scope="module")
def run(run_once):
    return run_once()


def strict(text: str):
    """JSON without NaN and Infinity, which are no JSON."""

    def refuse(constant):
        raise AssertionError(f"{constant} in {text[:200]}")

    return json.loads(text, parse_constant=refuse)


def test_the_run_leaves_its_settings_metrics_summary_and_report(run, tiny_config):
    written = {path.relative_to(run.workdir).as_posix() for path in run.workdir.rglob("*.*")}
    assert {"config.json", "metrics.jsonl", "summary.json", "report/report.md"} <= written
    assert {"report/accuracy_matrix.png", "report/memory_bill.png", "report/recalls.png"} <= written
    assert not [name for name in written if name.endswith(".tmp")]
    record = strict((run.workdir / "config.json").read_text())
    assert record["settings"] == json.loads(json.dumps(to_mapping(tiny_config)))
    assert from_mapping(record["settings"]) == tiny_config
    assert record["plan"]["budget_bytes"] == 8_000


def test_every_line_of_the_metrics_is_an_object_of_a_task_and_stage(run):
    lines = [strict(line) for line in run.log]
    order = dict.fromkeys((line["task"], line["phase"]) for line in lines)
    expected = [(task, stage) for task in range(2) for stage in STAGES]
    assert list(order) == [*expected, (1, "at_end")]


def test_every_evaluator_has_a_line_where_it_looked(run):
    lines = [line for line in map(strict, run.log) if "evaluator" in line]
    assert [(line["task"], line["phase"], line["evaluator"]) for line in lines] == [
        *((0, "after_wake", "before_sleep"),),
        *((0, "after_task", "accuracy"), (0, "after_task", "task_aware")),
        *((1, "after_wake", "before_sleep"),),
        *((1, "after_task", "accuracy"), (1, "after_task", "task_aware")),
        *((1, "at_end", "recall_quality"), (1, "at_end", "fingerprint(images=2000)")),
        (1, "at_end", "confusion"),
    ]
    matrix = run.summary["accuracy_matrix"]
    measured = [line["figures"]["by_task"] for line in lines if line["evaluator"] == "accuracy"]
    assert measured == [matrix[0][:1], matrix[1]]
    assert [
        line["figures"]["accuracy"] for line in lines if line["evaluator"] == "before_sleep"
    ] == (run.summary["before_sleep_accuracy"])


def test_the_summary_has_every_key_that_is_promised(run):
    assert set(run.summary) >= SUMMARY_KEYS
    assert strict((run.workdir / "summary.json").read_text()).items() >= run.summary.items()
    assert set(run.summary["examples_seen"]) == {"codec", "wake", "sleep"}
    assert run.summary["accuracy_matrix"][0][1] is None
    assert sorted(run.summary["class_order"]) == [0, 1, 2, 3]


def test_every_row_that_is_to_be_shown_is_of_a_number_in_the_summary(run):
    rows = run.summary["rows"]
    assert [row["key"] for row in rows][:2] == ["final_accuracy", "average_incremental_accuracy"]
    for row in rows:
        assert isinstance(run.summary[row["key"]], float), row


def test_the_bill_is_the_bytes_of_the_arrays_and_within_budget(run):
    bill = run.summary["memory_bytes"]
    assert set(bill) == {*ROWS, "total"}
    assert bill["total"] == sum(bill[row] for row in ROWS)
    assert bill["total"] == tree_bytes(run.state.memory.long_term)
    assert 0 < bill["total"] <= run.summary["budget_bytes"]


def test_the_cues_that_are_counted_can_be_recalled(run):
    stored = run.method.layout.index(run.state.memory).stored
    assert run.summary["num_cues"] == int(stored.sum()) == 96
    # Grey noise of 0..60 around two levels: an untrained decoder would be below 5 dB.
    assert run.summary["recall_psnr_db"] > 8


def test_each_step_is_traced_once_for_the_whole_run(run):
    assert run.traces == dict.fromkeys(PHASES, 1)


def test_the_same_seed_gives_the_same_run(run, run_once):
    again = run_once()
    assert again.log == run.log
    assert again.summary["accuracy_matrix"] == run.summary["accuracy_matrix"]
    one, other = (
        {
            **summary,
            "compute": summary["compute"] | dict.fromkeys(MEASURED),
            "wall_seconds": None,
        }
        for summary in (again.summary, run.summary)
    )
    assert one == other


def test_what_is_printed_names_the_bill_and_the_place(run):
    text = format_summary(run.summary, run.workdir)
    assert f"{run.summary['memory_bytes']['total']:,}" in text
    assert "96 of 96 training images" in text
    assert str(run.workdir) in text


def test_a_method_without_cues_runs_on_all_devices_and_shows_no_recalls(run_once):
    run = run_once(method="finetune", num_devices=4)
    assert run.summary["device"].startswith("4 x ")
    assert run.summary["recall_psnr_db"] is None
    assert run.summary["memory_bytes"]["total"] == 4
    assert run.summary["examples_seen"]["codec"] == 0
    assert not (run.workdir / "report" / "recalls.png").exists()
    assert run.traces == dict.fromkeys(
        [name for name in PHASES if name not in ("encode", "memorise")], 1
    )
    assert "recalled at" not in format_summary(run.summary, run.workdir)


PLUGIN = """
from braincl_jax.methods import Finetune
from braincl_jax.registry import METHODS
from braincl_jax.settings import at_least, settings

@METHODS.register("mine")
@settings()
class Mine(Finetune):
    number: int = at_least(0, default=3)

    def init(self, key):
        raise LookupError(f"my method, {self.number}")
"""


def test_a_method_of_your_own_is_used(plugin, tiny_config, tiny_stream, tmp_path):
    mapping = to_mapping(tiny_config) | {"plugins": [plugin(PLUGIN)], "method": "mine(number=8)"}
    with pytest.raises(LookupError, match="my method, 8"):
        run_sequence(from_mapping(mapping), tiny_stream, tmp_path / "run")


def test_the_tests_run_on_four_devices():
    assert jax.device_count() == 4
