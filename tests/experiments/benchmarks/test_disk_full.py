"""A disk that fills up: what is told of each attempt; the disk itself is for those who may mount one."""

import pytest

from experiments.benchmarks import disk_full
from experiments.benchmarks.disk_full import fill_up, small_disk


class Run:
    """Fails until the disk has five pages."""

    def __init__(self, folder, pages) -> None:
        self.output, self._pages = folder / "output.txt", pages

    def start(self, workdir):
        workdir.mkdir(exist_ok=True)
        (workdir / f"{self._pages[-1]}.json").touch()
        enough = self._pages[-1] >= 5
        self.output.write_text("progress\n" + "done" * enough + "no space" * (not enough))
        return type("Process", (), {"wait": lambda self: 0 if enough else 2})()


def test_a_disk_grows_until_the_run_is_done(monkeypatch, tmp_path):
    pages = []
    monkeypatch.setattr(disk_full, "resize", lambda disk, number: pages.append(number))
    attempts = fill_up(Run(tmp_path, pages), tmp_path, growth=1.5)  # pyright: ignore
    assert pages == [1, 2, 3, 4, 6]
    assert [one["code"] for one in attempts] == [2, 2, 2, 2, 0]
    assert [one["told"] for one in attempts] == ["no space"] * 4 + ["done"]
    assert attempts[1]["files"] == ["1.json", "2.json"]


def test_who_may_not_mount_one_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(disk_full.os, "geteuid", lambda: 1000)
    with pytest.raises(PermissionError, match="sudo"), small_disk(tmp_path):
        pass
