"""The folder of a run: it is marked, one process at a time writes into it, and nothing of anybody else's goes."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from braincl_jax.config import Config
from braincl_jax.plan import resolve
from braincl_jax.runtime import folder as module
from braincl_jax.runtime.folder import claim, clear, held, holds_run, origin_of
from braincl_jax.runtime.record import Record, read_record
from braincl_jax.types import StreamSpec

SPEC = StreamSpec.of_equal_tasks((8, 8, 1), num_classes=4, task_sizes=(6, 6))
RECORD = Record(Config(num_tasks=2), resolve(Config(num_tasks=2), SPEC), "data")


def files_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def fill(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("[]")


class TestMark:
    def test_a_claimed_folder_holds_the_record_of_its_run(self, tmp_path):
        assert not holds_run(tmp_path / "run")
        claim(tmp_path / "run", RECORD, anew=True)
        assert holds_run(tmp_path / "run")
        assert read_record(tmp_path / "run" / "config.json") == RECORD
        assert origin_of(tmp_path / "run") is None

    def test_a_fork_keeps_its_origin_when_it_goes_on(self, tmp_path):
        told = {"workdir": "runs/a", "checkpoint": "00000007"}
        claim(tmp_path, RECORD, anew=True, forked_from=told)
        claim(tmp_path, RECORD, anew=False)
        assert origin_of(tmp_path) == Path("runs/a")
        claim(tmp_path, RECORD, anew=True)
        assert origin_of(tmp_path) is None

    @pytest.mark.parametrize(
        "name",
        [
            "report/thesis.tex",
            "checkpoints/model.pt",
            "summary.json",
            "metrics.jsonl",
            "memory.npz",
        ],
    )
    def test_what_is_somebody_elses_stays_and_is_named(self, tmp_path, name):
        fill(tmp_path, name, "notes.txt")
        with pytest.raises(
            ValueError, match=rf"holds {name.partition('/')[0]}, but no config\.json"
        ):
            claim(tmp_path, RECORD, anew=True)
        assert files_of(tmp_path) == {name, "notes.txt"}

    @pytest.mark.parametrize("content", ["[]", "{", '{"settings": {}}', '{"format": "other"}'])
    def test_a_config_of_somebody_elses_is_no_mark(self, tmp_path, content):
        (tmp_path / "config.json").write_text(content)
        with pytest.raises(
            ValueError, match=r"config\.json (is not what a run wrote there|cannot be read)"
        ):
            claim(tmp_path, RECORD, anew=True)
        assert (tmp_path / "config.json").read_text() == content


class TestClear:
    def test_a_run_goes_and_what_lies_beside_it_stays(self, tmp_path):
        claim(tmp_path, RECORD, anew=True)
        own = ("summary.json", "checkpoints/00000007/manifest.json", "checkpoints/00000009.tmp/a")
        fill(
            tmp_path,
            *own,
            "tensorboard/events.out.1",
            "report/report.md",
            "report/curve.png",
            ".report/half.png",
        )
        (tmp_path / "report" / "contents.json").write_text('["report.md", "curve.png", "../a"]')
        others = (
            "a",
            "report/thesis.tex",
            "checkpoints/model.pt",
            "checkpoints/7/x",
            "tensorboard/mine",
        )
        fill(tmp_path, *others)
        clear(tmp_path)
        assert files_of(tmp_path) == set(others)

    def test_empty_folders_of_the_run_go_too(self, tmp_path):
        claim(tmp_path, RECORD, anew=True)
        fill(tmp_path, "checkpoints/00000007/manifest.json", "report/report.md")
        (tmp_path / "report" / "contents.json").write_text('["report.md"]')
        clear(tmp_path)
        assert list(tmp_path.iterdir()) == []

    def test_a_report_whose_contents_nobody_knows_stays(self, tmp_path):
        claim(tmp_path, RECORD, anew=True)
        fill(tmp_path, "report/thesis.tex")
        (tmp_path / "report" / "contents.json").write_text("{")
        clear(tmp_path)
        assert "report/thesis.tex" in files_of(tmp_path)


HOLDER = """
    import sys, time
    from pathlib import Path
    from braincl_jax.runtime.folder import held
    with held(Path(sys.argv[1])):
        print("held", flush=True)
        time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the folder."""
    command = [sys.executable, "-c", textwrap.dedent(HOLDER), str(tmp_path)]
    root = Path(module.__file__).parents[2]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root)
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == "held\n"
        yield process
    process.kill()
    process.wait()


class TestLock:
    def test_two_processes_do_not_hold_a_folder_and_a_killed_one_leaves_no_lock(
        self, tmp_path, holder
    ):
        with pytest.raises(ValueError, match=rf"in use by process {holder.pid} on .*--workdir"):
            held(tmp_path).__enter__()
        holder.kill()
        holder.wait()
        assert (tmp_path / ".lock").exists()
        with held(tmp_path):
            pass

    def test_it_leaves_nothing_behind(self, tmp_path):
        with held(tmp_path / "run"):
            assert files_of(tmp_path / "run") == {".lock"}
        assert not (tmp_path / "run").exists()

    def test_a_file_system_without_locks_costs_a_warning(self, tmp_path, monkeypatch, caplog):
        def refuse(*arguments):
            raise OSError(module.NO_LOCKS[0], "No locks available")

        monkeypatch.setattr(module.fcntl, "flock", refuse)
        with held(tmp_path):
            assert "cannot be locked" in caplog.text

    def test_processes_that_do_not_write_hold_nothing(self, tmp_path, monkeypatch):
        monkeypatch.setattr(module, "leads", lambda: False)
        with held(tmp_path / "run"):
            assert not (tmp_path / "run").exists()

    def test_a_lock_whose_file_was_deleted_meanwhile_is_taken_anew(self, tmp_path, monkeypatch):
        original, taken = module.fcntl.flock, []

        def flock(lock, how):
            original(lock, how)
            taken.append(lock)
            if len(taken) == 1:
                (tmp_path / ".lock").unlink()

        monkeypatch.setattr(module.fcntl, "flock", flock)
        with held(tmp_path):
            assert len(taken) == 2 and (tmp_path / ".lock").exists()

    def test_all_fail_where_one_does(self, tmp_path, monkeypatch):
        monkeypatch.setattr(module, "any_process", lambda flag: True)
        with pytest.raises(ValueError, match="is in use; see the first process"):
            held(tmp_path).__enter__()
        assert json.dumps(sorted(files_of(tmp_path))) == "[]"
