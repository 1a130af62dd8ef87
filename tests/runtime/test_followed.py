"""The log and its followers: told all, in order, and never at the cost of the run."""

from typing import Any

import pytest

from braincl_jax.runtime import followed as module
from braincl_jax.runtime.followed import FollowedLog


class Listener:
    """Keeps what it was told, and fails at some moment."""

    def __init__(self, fails_at: str = "") -> None:
        self.told: list[Any] = []
        self._fails_at = fails_at

    def begin(self, past):
        self._hear("begin", list(past))

    def follow(self, line):
        self._hear("follow", line)

    def end(self):
        self._hear("end", None)

    def _hear(self, moment, what):
        self.told.append(what)
        if moment == self._fails_at:
            raise OSError("no connection")


def place(step, **metrics):
    return {"task": 0, "phase": "replay", "step": step, **metrics}


def test_followers_are_told_what_stays_and_what_is_written(tmp_path):
    path, listener = tmp_path / "metrics.jsonl", Listener()
    with FollowedLog(path) as log:
        log.write(**place(20, loss=0.5))
        kept = log.size
        log.write(**place(40, loss=0.25))
    with FollowedLog(path, kept, [listener]) as log:
        log.write(**place(40, loss=0.125))
    first = place(20, loss=0.5)
    assert listener.told == [[first], place(40, loss=0.125), None]


def test_the_table_is_beside_the_log_however_it_is_closed(tmp_path):
    def interrupted():
        with FollowedLog(tmp_path / "metrics.jsonl") as log:
            log.write(**place(20, loss=0.5))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    table = (tmp_path / "metrics.csv").read_text()
    assert table == "task,phase,step,loss\n0,replay,20,0.5\n"


@pytest.mark.parametrize(("moment", "heard"), [("begin", 1), ("follow", 2), ("end", 4)])
def test_a_follower_that_fails_is_a_warning_and_is_told_nothing_more(
    tmp_path, caplog, moment, heard
):
    broken, whole = Listener(moment), Listener()
    with FollowedLog(tmp_path / "metrics.jsonl", followers=[broken, whole]) as log:
        log.write(**place(20))
        log.write(**place(40))
    assert (len(broken.told), len(whole.told)) == (heard, 4)
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "Listener, which follows" in record.getMessage()
    assert "no connection" in record.getMessage()
    assert len((tmp_path / "metrics.jsonl").read_text().splitlines()) == 2


def test_a_line_that_is_refused_is_not_told(tmp_path):
    listener = Listener()
    log = FollowedLog(tmp_path / "metrics.jsonl", followers=[listener])
    with log, pytest.raises(ValueError, match="JSON compliant"):
        log.write(**place(20, loss=float("nan")))
    assert listener.told == [[], None]


def test_a_table_that_cannot_be_written_is_a_warning(tmp_path, caplog):
    (tmp_path / "metrics.csv").mkdir()
    with FollowedLog(tmp_path / "metrics.jsonl") as log:
        log.write(**place(20))
    assert "MetricsTable, which follows" in caplog.text


def test_other_processes_have_no_followers(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "leads", lambda: False)
    listener = Listener()
    with FollowedLog(tmp_path / "metrics.jsonl", followers=[listener]) as log:
        log.write(**place(20))
    assert listener.told == []
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.jsonl"]
