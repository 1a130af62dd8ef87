"""A whole run on a tiny stream: what it writes, what it weighs, and that it repeats itself."""

import dataclasses
import json
from collections import Counter

import jax
import numpy as np
import pytest

from braincl_jax.build import build_parts
from braincl_jax.config import from_mapping, to_mapping
from braincl_jax.memory.budget import tree_bytes
from braincl_jax.report.console import format_summary
from braincl_jax.runtime import loop
from braincl_jax.runtime.loop import run_sequence
from braincl_jax.state import PHASES

# design.md, section 6.
SUMMARY_KEYS = {
    *("method", "dataset", "seed", "num_tasks", "class_order", "accuracy_matrix"),
    *("final_accuracy", "average_incremental_accuracy", "forgetting_chaudhry"),
    *("backward_transfer_gem", "memory_bytes", "budget_bytes", "num_cues", "bits_per_pixel"),
    *("recall_psnr_db", "examples_seen", "wall_seconds", "versions", "device"),
}
ROWS = ("strings", "index", "labels", "decoders", "tables", "checksums", "free")
# The tiny brain does not refine its cues.
DONE = tuple(name for name in PHASES if name != "refine")


@dataclasses.dataclass
class Run:
    workdir: object
    summary: dict
    log: list[str]
    states: list
    traces: Counter
    parts: object


@pytest.fixture(scope="module")
def run_once(tiny_config, tiny_stream, tmp_path_factory):
    """Runs a method in a new folder, looks at its last state, and counts the traces of its steps."""

    def run(**changes) -> Run:
        config = dataclasses.replace(tiny_config, **changes)
        workdir = tmp_path_factory.mktemp("run") / "results"
        found = Run(workdir, {}, [], [], Counter(), None)

        def counted_phases(method, stream, config):
            def counted(phase):
                def step(state, batch, *, parts, axis_name=None):
                    found.traces[phase.name] += 1
                    found.parts = parts
                    return phase.step(state, batch, parts=parts, axis_name=axis_name)

                return phase._replace(step=step)

            return tuple(counted(phase) for phase in original_phases(method, stream, config))

        def watched_summary(state, **arguments):
            found.states.append(state)
            return original_summary(state, **arguments)

        original_phases, original_summary = loop.phases, loop.summarise_run
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(loop, "phases", counted_phases)
            patch.setattr(loop, "summarise_run", watched_summary)
            found.summary = run_sequence(config, tiny_stream, workdir)
        found.log = (workdir / "metrics.jsonl").read_text().splitlines()
        return found

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
    assert from_mapping(strict((run.workdir / "config.json").read_text())) == tiny_config
    assert to_mapping(tiny_config) == strict((run.workdir / "config.json").read_text())


def test_every_line_of_the_metrics_is_an_object_of_a_task_and_phase(run):
    lines = [strict(line) for line in run.log]
    order = [(line["task"], line["phase"]) for line in lines]
    assert list(dict.fromkeys(order)) == [
        (task, phase) for task in range(2) for phase in (*DONE, "evaluate")
    ]
    evaluated = [line["accuracy"] for line in lines if line["phase"] == "evaluate"]
    matrix = run.summary["accuracy_matrix"]
    assert evaluated == [matrix[0][:1], matrix[1]]


def test_the_summary_has_every_key_of_the_design(run):
    assert set(run.summary) >= SUMMARY_KEYS
    assert strict((run.workdir / "summary.json").read_text()) == run.summary
    assert set(run.summary["examples_seen"]) == {"codec", "refinement", "wake", "sleep"}
    assert run.summary["accuracy_matrix"][0][1] is None
    assert sorted(run.summary["class_order"]) == [0, 1, 2, 3]


def test_the_bill_is_the_bytes_of_the_arrays_and_within_budget(run):
    bill = run.summary["memory_bytes"]
    assert set(bill) == {*ROWS, "total"}
    assert bill["total"] == sum(bill[row] for row in ROWS)
    (state,) = run.states
    assert bill["total"] == tree_bytes(state.memory.long_term)
    assert 0 < bill["total"] <= run.summary["budget_bytes"]


def test_the_cues_that_are_counted_can_be_recalled(run):
    (state,) = run.states
    assert run.summary["num_cues"] == int(run.parts.memory.index(state.memory).stored.sum()) == 96
    # Grey noise of 0..60 around two levels: an untrained decoder would be below 5 dB.
    assert run.summary["recall_psnr_db"] > 8


def test_each_step_is_traced_once_for_the_whole_run(run):
    assert run.traces == dict.fromkeys(DONE, 1)


def test_the_same_seed_gives_the_same_run(run, run_once):
    again = run_once()
    assert again.log == run.log
    assert again.summary["accuracy_matrix"] == run.summary["accuracy_matrix"]
    assert {**again.summary, "wall_seconds": 0} == {**run.summary, "wall_seconds": 0}


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
    assert run.traces == dict.fromkeys([name for name in DONE if name != "encode"], 1)
    assert "recalled at" not in format_summary(run.summary, run.workdir)


def test_parts_that_are_handed_in_are_used(tiny_config, tiny_stream, tmp_path):
    class Mine:
        """A memory that only says that it was asked."""

        def init(self, key):
            raise LookupError("my memory")

    def make_parts(config, spec):
        return dataclasses.replace(build_parts(config, spec), memory=Mine())

    with pytest.raises(LookupError, match="my memory"):
        run_sequence(tiny_config, tiny_stream, tmp_path, make_parts=make_parts)


def test_sources_follow_kept_evicted_and_new_slots():
    first = loop.follow(np.zeros((0, 2), np.int32), np.array([4, 0, 7, -1, -1]), 0)
    assert first.tolist() == [[0, 4], [0, 0], [0, 7]]
    # Slots 0 and 2 stay (-2 - 0 and -2 - 2), slot 1 goes; images 5 and 3 of task 1 come.
    second = loop.follow(first, np.array([-2, -4, 5, 3, -1]), 1)
    assert second.tolist() == [[0, 4], [0, 7], [1, 5], [1, 3]]
    # All of task 0 goes, and image 0 of task 2 comes behind what is left of task 1.
    third = loop.follow(second, np.array([-5, 0, -1, -1, -1]), 2)
    assert third.tolist() == [[1, 3], [2, 0]]
    # Nothing of task 3 is stored.
    assert loop.follow(third, np.array([-2, -3, -1, -1, -1]), 3).tolist() == third.tolist()


def test_a_rare_corrupt_slot_is_not_averaged_away():
    read = [
        {"loss": np.float32(n), "corrupt_slot": np.int32(7 if n == 1 else -1)} for n in range(4)
    ]
    assert loop._average(read) == {"loss": 1.5, "corrupt_slot": 7.0}


def test_the_tests_run_on_four_devices():
    assert jax.device_count() == 4
