"""A report appears whole, says what belongs to it, and touches nothing else."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from braincl_jax.runtime import publish as module
from braincl_jax.runtime.publish import publish_report, read_recalls, report_is_whole


@pytest.fixture
def drawn(monkeypatch):
    """A report of two files; gives what it was drawn from."""
    told: list[Any] = []

    def draw(directory: Path, summary: Any, recalls: Any) -> None:
        told.append((summary, recalls))
        directory.mkdir()
        for name in ("report.md", "curve.png"):
            (directory / name).write_text(str(summary))

    monkeypatch.setattr(module, "write_report", draw)
    return told


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_the_report_is_in_its_place_with_a_list_of_its_files(drawn, tmp_path):
    publish_report(tmp_path, {"seed": 1})
    found = contents(tmp_path / "report")
    assert json.loads(found.pop("contents.json")) == ["curve.png", "report.md"]
    assert found == {"report.md": "{'seed': 1}", "curve.png": "{'seed': 1}"}
    assert drawn == [({"seed": 1}, None)]
    assert not (tmp_path / ".report").exists()


@pytest.mark.usefixtures("drawn")
def test_it_replaces_an_older_one_and_nothing_that_lies_beside(tmp_path):
    publish_report(tmp_path, {"seed": 1})
    (tmp_path / "report" / "thesis.tex").write_text("mine")
    (tmp_path / ".report").mkdir()  # left by a process that was killed
    (tmp_path / ".report" / "half.png").touch()
    publish_report(tmp_path, {"seed": 2})
    found = contents(tmp_path / "report")
    assert found["thesis.tex"] == "mine" and found["report.md"] == "{'seed': 2}"
    assert json.loads(found["contents.json"]) == ["curve.png", "report.md"]


def test_one_that_cannot_be_drawn_leaves_the_older_one(drawn, tmp_path, monkeypatch):
    def fail(*arguments):
        raise OSError("disk full")

    publish_report(tmp_path, {"seed": 1})
    before = contents(tmp_path / "report")
    monkeypatch.setattr(module, "write_report", fail)
    with pytest.raises(OSError, match="disk full"):
        publish_report(tmp_path, {"seed": 2})
    assert contents(tmp_path / "report") == before


@pytest.mark.usefixtures("drawn")
def test_a_report_is_whole_once_all_its_files_are_in_their_place(tmp_path):
    assert not report_is_whole(tmp_path)
    publish_report(tmp_path, {"seed": 1})
    assert report_is_whole(tmp_path)
    (tmp_path / "report" / "curve.png").unlink()
    assert not report_is_whole(tmp_path)


def test_damaged_recalls_are_an_error(drawn, tmp_path):
    (tmp_path / "recalls.npz").write_bytes(b"not an archive")
    with pytest.raises(ValueError, match="pickled"):
        publish_report(tmp_path, {})
    assert drawn == []


def test_originals_and_recalls_come_in_pairs_where_there_are_any(tmp_path):
    assert read_recalls(tmp_path / "recalls.npz") is None
    one, other = np.zeros((2, 4, 4, 1), np.uint8), np.ones((2, 4, 4, 1), np.uint8)
    np.savez(tmp_path / "recalls.npz", original=one, recalled=other)
    sample = read_recalls(tmp_path / "recalls.npz")
    assert sample is not None and sample.tasks is None
    np.testing.assert_array_equal(sample[0], one)
    np.testing.assert_array_equal(sample[1], other)
    np.savez(tmp_path / "recalls.npz", original=one, recalled=other, task=np.array([3, 7]))
    sample = read_recalls(tmp_path / "recalls.npz")
    assert sample is not None and sample.tasks == [3, 7]
