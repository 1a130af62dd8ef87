"""Checkpoints in the background: one at a time, the last few stay, and what fails loses nothing."""

import logging
import shutil
import threading
from pathlib import Path

import jax
import pytest

from braincl_jax.runtime import checkpoint
from braincl_jax.runtime.checkpoint import load_newest, numbered, read_arrays
from braincl_jax.runtime.writer import Writer


def newest_count(directory: Path) -> int:
    """The number in the newest intact checkpoint."""
    shapes = jax.eval_shape(
        lambda: {"weights": jax.numpy.zeros(6), "count": jax.numpy.zeros(1, int)}
    )
    loaded = load_newest(directory, shapes)
    assert loaded is not None
    return loaded.state["count"].item()


def reverse(file: Path) -> None:
    file.write_bytes(file.read_bytes()[::-1])


@pytest.fixture
def writer(directory, tmp_path):
    """Goes on from step 2."""
    log = tmp_path / "metrics.jsonl"
    log.touch()
    with Writer(directory, keep=2, log=log, resumed=directory / "00000002") as writer:
        yield writer


def test_the_last_few_stay(writer, directory, number):
    for steps in (3, 4, 10):
        writer.save(steps, number(steps), {}, {})
    assert writer.newest == directory / "00000010"
    assert sorted(path.name for path in directory.iterdir()) == ["00000004", "00000010"]
    assert newest_count(directory) == 10


@pytest.mark.parametrize(
    "point", ["_write_arrays", "_seal", "sync", "_digest", "verify", "os.replace"]
)
def test_a_failed_save_is_an_error_in_the_log_and_loses_nothing(
    writer, directory, point, monkeypatch, caplog, number, disk_full
):
    owner, _, name = f"{checkpoint.__name__}.{point}".rpartition(".")
    with monkeypatch.context() as patch:
        patch.setattr(f"{owner}.{name}", disk_full)
        writer.save(3, number(3), {}, {})
        writer.wait()
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert f"{directory / '00000003'} could not be written" in record.getMessage()
    assert "No space left on device" in record.getMessage()
    assert str(directory / "00000002") in record.getMessage()
    assert [read_arrays(directory / name)["count"] for name in ("00000001", "00000002")] == [
        1,
        2,
    ]
    assert not list(directory.glob("*.tmp"))
    writer.save(4, number(4), {}, {})
    assert writer.newest == directory / "00000004"
    assert [path.name for path in numbered(directory)] == ["00000002", "00000004"]


def test_a_disk_that_fills_up_amid_the_arrays_loses_nothing(
    writer, directory, monkeypatch, caplog, number, disk_full
):
    def half(path, arrays):
        path.mkdir()
        (path / "begun").write_bytes(b"0")
        disk_full()

    monkeypatch.setattr(checkpoint, "_write_arrays", half)
    writer.save(3, number(3), {}, {})
    assert writer.newest == directory / "00000002"
    assert "No space left" in caplog.text
    assert sorted(path.name for path in directory.iterdir()) == ["00000001", "00000002"]


def test_what_does_not_read_back_replaces_nothing(writer, directory, monkeypatch, caplog, number):
    def damaged(one, other):
        shutil.move(one, other)
        reverse(Path(other) / "cursor.json")

    monkeypatch.setattr(checkpoint.os, "replace", damaged)
    writer.save(3, number(3), {"task": 1}, {})
    assert writer.newest == directory / "00000002"
    assert "cursor.json is not what was written" in caplog.text
    assert newest_count(directory) == 2


def test_damaged_newer_ones_push_no_intact_one_out(directory, tmp_path, caplog, number):
    reverse(directory / "00000002" / "cursor.json")
    log = tmp_path / "metrics.jsonl"
    log.touch()
    with Writer(directory, keep=2, log=log, resumed=directory / "00000001") as writer:
        assert writer.newest == directory / "00000001"
        writer.save(2, number(12), {}, {})
        assert writer.newest == directory / "00000002"
    assert [path.name for path in numbered(directory)] == ["00000001", "00000002"]
    assert newest_count(directory) == 12
    assert not caplog.records


def test_one_save_at_a_time_and_in_the_background(writer, monkeypatch, number):
    entered, go_on, running = threading.Event(), threading.Event(), []

    def slow(path, arrays):
        running.append(threading.current_thread().name)
        entered.set()
        assert go_on.wait(30)
        original(path, arrays)

    original = checkpoint._write_arrays
    monkeypatch.setattr(checkpoint, "_write_arrays", slow)
    writer.save(3, number(3), {}, {})
    assert entered.wait(30)
    second = threading.Thread(target=writer.save, args=(4, number(4), {}, {}))
    second.start()
    second.join(0.1)
    assert second.is_alive() and len(running) == 1 and not writer.idle
    go_on.set()
    second.join(30)
    writer.wait()
    assert writer.idle
    assert len(running) == 2
    assert threading.current_thread().name not in running


def test_leaving_waits_for_the_save(directory, tmp_path, number):
    log = tmp_path / "metrics.jsonl"
    log.touch()
    with Writer(directory, keep=3, log=log, resumed=directory / "00000002") as writer:
        writer.save(3, number(3), {}, {})
    assert [path.name for path in numbered(directory)] == ["00000001", "00000002", "00000003"]
