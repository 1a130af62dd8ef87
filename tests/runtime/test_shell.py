"""The files of a run: opened where it goes on, and by the first process alone."""

import json
import signal
import types
from typing import Any

import pytest

from braincl_jax.runtime import shell as module
from braincl_jax.runtime.checkpoint import Checkpointing
from braincl_jax.runtime.cursor import Cursor
from braincl_jax.runtime.interrupt import Interrupted
from braincl_jax.runtime.launches import read_launches
from braincl_jax.runtime.shell import Shell, open_shell

RECORD: Any = types.SimpleNamespace(to_mapping=dict)
DEVICES: Any = types.SimpleNamespace(description="1 x cpu")


def opened(workdir, **place: Any):
    return open_shell(
        workdir, DEVICES, RECORD, "a command", Checkpointing(), Cursor("start", **place), None
    )


def test_the_files_of_a_run_go_on_where_the_run_does(tmp_path):
    (tmp_path / "metrics.jsonl").write_text("{}\n{}\n{}\n")
    with opened(tmp_path, steps=7, log_bytes=6) as shell:
        shell.log.write(a=1)
        assert shell.saver.idle
        assert shell.devices is DEVICES
    assert (tmp_path / "metrics.jsonl").read_text() == '{}\n{}\n{"a": 1}\n'
    assert json.loads((tmp_path / "timings.jsonl").read_text()) == {"from_step": 7}
    (launch,) = read_launches(tmp_path / "launches.jsonl")
    assert (launch.from_step, launch.command, launch.device) == (7, "a command", "1 x cpu")


def test_the_table_says_what_the_log_says_when_the_run_goes_on_and_is_interrupted(tmp_path):
    place, line = {"task": 0, "phase": "replay"}, 56

    def interrupted():
        with opened(tmp_path) as shell:
            shell.log.write(**place, step=20, loss=0.5)
            assert shell.log.size == line
            shell.log.write(**place, step=40, loss=0.25)
            raise Interrupted("saved")

    with pytest.raises(Interrupted):
        interrupted()
    table = (tmp_path / "metrics.csv").read_text()
    assert table == "task,phase,step,loss\n0,replay,20,0.5\n0,replay,40,0.25\n"
    # The last checkpoint knows the first line alone.
    with opened(tmp_path, log_bytes=line) as shell:
        shell.log.write(**place, step=40, accuracy=1.0)
    table = (tmp_path / "metrics.csv").read_text()
    assert table == "task,phase,step,loss,accuracy\n0,replay,20,0.5,\n0,replay,40,,1.0\n"


def test_other_processes_leave_no_files(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "leads", lambda: False)
    # The first process has written lines; that they are not in the own file is no error.
    with opened(tmp_path, log_bytes=400) as shell:
        shell.log.write(a=1)
    assert list(tmp_path.iterdir()) == []


def test_signals_are_heard_while_it_is_open(tmp_path):
    before = signal.getsignal(signal.SIGTERM)
    with opened(tmp_path) as shell:
        assert not shell.saver.is_due(Cursor("start"))
        signal.raise_signal(signal.SIGTERM)
        assert shell.saver.is_due(Cursor("start"))
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_time_of_saving_has_a_line_of_its_own():
    told: list[Any] = []
    timings: Any = types.SimpleNamespace(
        restart=lambda: told.append("restart"), lap=lambda *what: told.append(what)
    )
    saver: Any = types.SimpleNamespace(save=lambda state, cursor: told.append(state))
    log: Any = None
    state: Any = object()
    Shell(DEVICES, log, saver, timings).save(state, Cursor("start", task=3))
    assert told == ["restart", state, (3, "checkpoint", 1)]
