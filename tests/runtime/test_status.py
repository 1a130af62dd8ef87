"""Looking at work directories, whole, unfinished and damaged."""

import dataclasses
import json

import pytest

from braincl_jax.config import Config, to_mapping
from braincl_jax.runtime import status as statuses
from braincl_jax.runtime.checkpoint import DamagedError
from braincl_jax.runtime.log import write_sealed
from braincl_jax.runtime.record import FORMAT
from braincl_jax.runtime.status import read_status

PLAN = {"spec": {"num_tasks": 3}, "budget_bytes": 392_000}


def no_arrays(workdir):
    raise DamagedError("state is missing")


@pytest.fixture
def workdir(tmp_path, monkeypatch):
    """A run that was interrupted in its second night; without arrays."""
    monkeypatch.setattr(statuses, "load_run", no_arrays)
    settings = to_mapping(dataclasses.replace(Config(), seed=7))
    record = {"format": FORMAT, "settings": settings, "plan": PLAN}
    write_sealed(tmp_path / "config.json", record)
    lines = [
        {"task": 0, "phase": "replay", "step": 20, "loss": 1.25},
        {
            "task": 0,
            "phase": "after_task",
            "evaluator": "accuracy",
            "figures": {"by_task": [0.75], "all_seen": 0.75},
        },
        {"task": 1, "phase": "replay", "step": 20, "loss": 1.5, "corrupt_slot": -1.0},
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (tmp_path / "metrics.jsonl").write_text(text + '{"task": 1, "pha')
    checkpoint = tmp_path / "checkpoints" / "00001234"
    checkpoint.mkdir(parents=True)
    cursor = {"task": 1, "stage": "replay", "done": 20, "steps": 1234}
    (checkpoint / "cursor.json").write_text(json.dumps(cursor))
    return tmp_path


def test_an_unfinished_run_says_where_it_is(workdir):
    status = read_status(workdir)
    assert status.place == (
        "not finished; saved in task 1 of 3, phase 'replay' with 20 steps done in it, after 1,234 "
        "steps in all"
    )
    assert status.changed == {"seed": (7, 0)}
    assert status.accuracy == (0.75,)
    assert status.metrics == ("last logged: task 1, replay, step 20, loss=1.5, corrupt_slot=-1")
    # Its checkpoint is not intact.
    assert status.bill == {}
    assert list(status.files) == ["checkpoints/", "config.json", "metrics.jsonl"]
    assert status.files["config.json"] == (workdir / "config.json").stat().st_size


def test_its_memory_is_billed_from_the_newest_checkpoint(workdir, monkeypatch):
    class Run:
        state = "state"

        class method:
            @staticmethod
            def bill(state):
                return {"strings": 12, state: 3}

    monkeypatch.setattr(statuses, "load_run", lambda folder: Run)
    assert read_status(workdir).bill == {"strings": 12, "state": 3}


def test_a_finished_run_has_its_summary_and_who_made_it(workdir):
    summary = {"budget_bytes": 392_000, "command": "braincl run", "commit": "abc+"}
    write_sealed(workdir / "summary.json", summary)
    status = read_status(workdir)
    assert (status.place, status.summary) == ("finished", summary)
    assert status.origin == {"command": "braincl run", "commit": "abc+"}


def test_a_run_that_has_just_begun_is_no_error(workdir):
    (workdir / "metrics.jsonl").unlink()
    (workdir / "checkpoints" / "00001234" / "cursor.json").unlink()
    (workdir / "checkpoints" / "00001234").rmdir()
    status = read_status(workdir)
    assert status.place == "not finished, and not yet at its first checkpoint"
    assert (status.accuracy, status.metrics, status.bill) == ((), "", {})


def test_a_checkpoint_that_cannot_be_read_is_passed_over(workdir):
    newer = workdir / "checkpoints" / "00002000"
    newer.mkdir()
    assert "after 1,234 steps" in read_status(workdir).place
    (workdir / "checkpoints" / "00001234" / "cursor.json").write_text("{}")
    assert read_status(workdir).place == "not finished; none of its 2 checkpoints can be read"


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("config.json", b'{"settings": {', "config.json cannot be read as JSON .*Expecting"),
        ("config.json", b'{"settings": {}}', "config.json is not what a run wrote there"),
        ("summary.json", b"", "summary.json cannot be read as JSON .*Expecting value"),
        ("summary.json", b"{}", "summary.json is not what a run wrote there"),
        ("metrics.jsonl", b"nonsense\n", "metrics.jsonl, line 1, is no JSON"),
    ],
)
def test_a_damaged_file_is_named(workdir, name, content, told):
    (workdir / name).write_bytes(content)
    with pytest.raises(ValueError, match=told):
        read_status(workdir)


def test_a_folder_without_a_run_says_which_runs_are_in_it(workdir, tmp_path_factory):
    above = workdir.rename(workdir.parent / "run_a").parent
    with pytest.raises(ValueError, match=r"holds no run: config.json is missing; it holds .*run_a"):
        read_status(above)
    with pytest.raises(ValueError, match="is no folder"):
        read_status(above / "nowhere")
    with pytest.raises(ValueError, match="is no folder"):
        read_status(above / "run_a" / "config.json")
