"""Event files: read back record by record, as TensorBoard reads them."""

import itertools
import struct
import sys
from collections import defaultdict
from typing import Any

import pytest
from tensorboardX.crc32c import crc32c
from tensorboardX.proto import event_pb2

from braincl_jax.runtime import tensorboard as module
from braincl_jax.runtime.followed import FollowedLog
from braincl_jax.runtime.tensorboard import EventFiles

EVENTS: Any = event_pb2


def events_in(path) -> list[Any]:
    """TFRecords: length uint64, its masked checksum uint32, data, its masked checksum uint32."""
    content, found = path.read_bytes(), []
    while content:
        (length,) = struct.unpack_from("<Q", content)
        data = content[12 : 12 + length]
        check = crc32c(data)
        masked = (((check >> 15) | (check << 17)) + 0xA282EAD8) & 0xFFFFFFFF
        assert content[12 + length : 16 + length] == struct.pack("<I", masked)
        found.append(EVENTS.Event.FromString(data))
        content = content[16 + length :]
    return found


def shown(folder) -> dict[str, list[tuple[int, float]]]:
    """What TensorBoard shows of a folder: a START takes back all events of its step and later ones, in all files."""
    scalars = defaultdict(list)
    for path in sorted(folder.glob("*tfevents*")):
        for event in events_in(path):
            if event.session_log.status == EVENTS.SessionLog.START:
                for tag, points in scalars.items():
                    scalars[tag] = [point for point in points if point[0] < event.step]
            for value in event.summary.value:
                scalars[value.tag].append((event.step, pytest.approx(value.simple_value)))
    return dict(scalars)


def replay(task, step, **metrics):
    return {"task": task, "phase": "replay", "step": step, **metrics}


def test_metrics_are_over_all_steps_of_a_phase_and_figures_over_tasks(tmp_path):
    figures = {"all_seen": 0.75, "by_task": [0.5, 1.0], "none": None, "name": "x"}
    looked = {"task": 1, "phase": "after_task", "evaluator": "accuracy", "figures": figures}
    folder = tmp_path / "tensorboard"
    with FollowedLog(tmp_path / "metrics.jsonl", followers=[EventFiles(tmp_path)]) as log:
        log.write(**replay(0, 20, loss=0.5, accuracy=0.25))
        log.write(**replay(0, 30, loss=0.25))
        log.write(**replay(1, 20, loss=2))
        log.write(**looked)
    assert shown(folder) == {
        "replay/loss": [(20, 0.5), (30, 0.25), (50, 2.0)],
        "replay/accuracy": [(20, 0.25)],
        "accuracy/all_seen": [(1, 0.75)],
    }


def test_what_a_run_does_again_after_an_interruption_is_shown_once(tmp_path, monkeypatch):
    path, folder = tmp_path / "metrics.jsonl", tmp_path / "tensorboard"
    # Files are named by the second in which they were begun.
    clock = itertools.count(1_700_000_000)
    monkeypatch.setattr("tensorboardX.event_file_writer.time.time", lambda: float(next(clock)))
    with FollowedLog(path, followers=[EventFiles(tmp_path)]) as log:
        log.write(**replay(0, 20, loss=0.5))
        kept = log.size
        log.write(**replay(0, 40, loss=0.25))
        log.write(**replay(0, 60, loss=0.125))
    with FollowedLog(path, kept, [EventFiles(tmp_path)]) as log:
        log.write(**replay(0, 40, loss=1))
    assert len(list(folder.iterdir())) == 2
    assert shown(folder) == {"replay/loss": [(20, 0.5), (40, 1.0)]}


def test_a_run_that_was_begun_without_it_is_shown_whole(tmp_path):
    path, folder = tmp_path / "metrics.jsonl", tmp_path / "tensorboard"
    with FollowedLog(path) as log:
        log.write(**replay(0, 20, loss=0.5))
        kept = log.size
    with FollowedLog(path, kept, [EventFiles(tmp_path)]) as log:
        log.write(**replay(0, 40, loss=0.25))
    assert shown(folder) == {"replay/loss": [(20, 0.5), (40, 0.25)]}


def test_lines_are_on_disk_a_moment_after_they_are_written(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "FLUSH_SECONDS", -1)
    files = EventFiles(tmp_path)
    files.begin(iter([]))
    files.follow(replay(0, 20, loss=0.5))
    assert shown(tmp_path / "tensorboard") == {"replay/loss": [(20, 0.5)]}
    files.end()


def test_a_full_disk_is_a_warning_and_the_log_goes_on(tmp_path, monkeypatch, caplog):
    def full(self):
        raise OSError("disk full")

    monkeypatch.setattr(module, "FLUSH_SECONDS", -1)
    files = EventFiles(tmp_path)
    with FollowedLog(tmp_path / "metrics.jsonl", followers=[files]) as log:
        with monkeypatch.context() as patch:
            patch.setattr("tensorboardX.event_file_writer.EventsWriter.flush", full)
            log.write(**replay(0, 20, loss=0.5))
        log.write(**replay(0, 40, loss=0.5))
    files.end()
    (record,) = caplog.records
    assert "EventFiles, which follows" in record.getMessage()
    assert "disk full" in record.getMessage()
    assert len((tmp_path / "metrics.jsonl").read_text().splitlines()) == 2


def test_without_the_package_one_error_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(ValueError, match=r"tensorboardX.*pip install 'braincl_jax\[tensorboard\]'"):
        EventFiles(tmp_path)
    assert list(tmp_path.iterdir()) == []
