"""What a finished run leaves, and what of it survives when something cannot be written."""

import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from braincl_jax.config import Config
from braincl_jax.runtime import finish as module
from braincl_jax.runtime.cursor import Outcome
from braincl_jax.runtime.finish import finish, finish_report
from braincl_jax.runtime.log import read_sealed

OUTCOME = Outcome.empty()._replace(notes={"sources": 3})
STREAM = types.SimpleNamespace(spec=types.SimpleNamespace(image_shape=(8, 6, 3)))
PHASE: Any = "replay"
# What is added to the summary of the fixture.
EXPECTED = {
    "state": 5,
    "phases": 1,
    "sources": 3,
    "image_shape": [8, 6, 3],
    "changed_settings": {"seed": {"value": 7, "default": 0}},
}
CURVES = {"replay": {"task": [0], "step": [20], "loss": [0.5]}}
LINE = '{"task": 0, "phase": "replay", "step": 20, "loss": 0.5}\n'


@pytest.fixture
def told(monkeypatch):
    """What was done, in order; the summary repeats the state."""
    told: list[Any] = []

    def report(workdir: Path, summary: dict) -> None:
        assert (workdir / "summary.json").exists()
        told.append(("report", workdir, summary))

    monkeypatch.setattr(
        module,
        "summarise_run",
        lambda state, **facts: {
            **{"state": int(state), "phases": len(facts["phases"])},
            **facts["outcome"].notes,
        },
    )
    monkeypatch.setattr(module, "identity_of", lambda workdir: {"commit": "abc"})
    monkeypatch.setattr(module, "publish_report", report)
    return told


def examiner_of(export: Any) -> Any:
    devices = types.SimpleNamespace(fetch=lambda state: state[0], description="1 x cpu")
    parts = types.SimpleNamespace(config=Config(seed=7))
    method = types.SimpleNamespace(export=export, parts=parts)
    return types.SimpleNamespace(method=method, stream=STREAM, devices=devices, evaluators={})


def finished(workdir: Path, told: list, log: str = LINE) -> dict:
    def export(folder, state, stream, notes):
        told.append(("export", folder, int(state), stream, notes))

    (workdir / "metrics.jsonl").write_text(log)
    state: Any = np.array([5, 5])
    return finish(state, OUTCOME, [PHASE], examiner_of(export), workdir)


def test_the_method_exports_then_comes_the_summary_then_the_report(told, tmp_path):
    summary = finished(tmp_path, told)
    assert summary == EXPECTED | {"commit": "abc", "curves": CURVES}
    assert read_sealed(tmp_path / "summary.json") == summary
    assert told == [
        ("export", tmp_path, 5, STREAM, {"sources": 3}),
        ("report", tmp_path, summary),
    ]


def test_a_report_that_cannot_be_drawn_is_a_warning(told, tmp_path, monkeypatch, caplog):
    def fail(*arguments):
        raise RuntimeError("no ink")

    monkeypatch.setattr(module, "publish_report", fail)
    summary = finished(tmp_path, told)
    assert read_sealed(tmp_path / "summary.json") == summary
    (record,) = caplog.records
    assert (record.levelname, record.name) == ("WARNING", module.__name__)
    assert "could not be written: no ink" in record.getMessage()


def test_a_log_that_cannot_be_read_costs_the_curves_alone(told, tmp_path, caplog):
    summary = finished(tmp_path, told, log="no JSON\n")
    assert summary == EXPECTED | {"commit": "abc"}
    assert read_sealed(tmp_path / "summary.json") == summary
    assert "metrics.jsonl could not be thinned" in caplog.text
    assert told[-1][0] == "report"


@pytest.mark.usefixtures("told")
def test_a_run_whose_files_cannot_be_written_is_not_finished(tmp_path):
    def full(*arguments):
        raise OSError("disk full")

    state: Any = np.array([5, 5])
    with pytest.raises(OSError, match="disk full"):
        finish(state, OUTCOME, [PHASE], examiner_of(full), tmp_path)
    assert not (tmp_path / "summary.json").exists()


def test_other_processes_know_the_summary_and_write_nothing(told, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "leads", lambda: False)
    assert finished(tmp_path, told) == EXPECTED
    assert told == []
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.jsonl"]


def test_a_report_that_was_cut_short_is_drawn_when_the_run_is_found_finished(
    told, tmp_path, monkeypatch
):
    (tmp_path / "summary.json").touch()
    for whole in (True, False):
        monkeypatch.setattr(module, "report_is_whole", lambda workdir, whole=whole: whole)
        finish_report(tmp_path, {"seed": 1})
    assert told == [("report", tmp_path, {"seed": 1})]
