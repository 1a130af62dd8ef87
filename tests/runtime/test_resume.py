"""A run that is interrupted, anywhere, ends as if it had not been."""

import dataclasses
import json
import time

import pytest

from braincl_jax.runtime.checkpoint import (
    Checkpointing,
    DamagedError,
    numbered,
    write_checkpoint,
)
from braincl_jax.runtime.interrupt import EXIT_INTERRUPTED, Interrupted
from braincl_jax.runtime.log import read_sealed, write_sealed
from braincl_jax.runtime.record import read_mapping
from braincl_jax.runtime.writer import Writer
from experiments.benchmarks.kill import kill_and_resume, small_run
from experiments.benchmarks.launched import differences
from tests.runtime.dying import Crash, crash, files_of, terminate

# (task, stage, step): more than `READ_EVERY` steps of encode, so that its log has lines amid the phase.
PLACES = (
    (0, "start", 0),
    (0, "encode", 7),
    (0, "encode", 26),
    (0, "memorise", 1),
    (0, "classify", 1),
    (0, "transfer", 0),
    (0, "after_wake", 0),
    (0, "replay", 1),
    (0, "after_task", 0),
    (1, "start", 0),
    (1, "encode", 3),
    (1, "memorise", 0),
    (1, "transfer", 0),
    (1, "replay", 3),
    (1, "after_task", 1),
    (1, "at_end", 0),
)


class TestExactness:
    @pytest.mark.parametrize("place", PLACES, ids=str)
    def test_a_run_that_dies_and_is_stopped_ends_as_if_left_alone(
        self, run, undisturbed, place, tmp_path
    ):
        for event, raised in ((crash, Crash), (terminate, Interrupted)):
            with pytest.raises(raised):
                run(tmp_path / "run", (place, event), checkpointing=Checkpointing(every_steps=9))
        assert not (tmp_path / "run" / "summary.json").exists()
        run(tmp_path / "run")
        assert differences(undisturbed, tmp_path / "run") == []

    def test_what_was_read_ahead_awake_is_read_again(self, run, config, tmp_path):
        wake = dataclasses.replace(config.wake, reactivation=True)
        recalling = dataclasses.replace(config, wake=wake)
        run(tmp_path / "alone", config=recalling)
        for event, raised in ((crash, Crash), (terminate, Interrupted)):
            with pytest.raises(raised):
                run(tmp_path / "run", ((1, "classify", 1), event), config=recalling)
        run(tmp_path / "run", config=recalling)
        assert differences(tmp_path / "alone", tmp_path / "run") == []

    def test_many_interruptions_are_as_good_as_none(self, run, undisturbed, tmp_path):
        for place in PLACES:
            with pytest.raises((Crash, Interrupted)):
                run(tmp_path / "run", (place, terminate if len(place[1]) % 2 else crash))
        run(tmp_path / "run")
        assert differences(undisturbed, tmp_path / "run") == []

    def test_how_often_a_run_is_saved_changes_nothing(self, run, undisturbed, tmp_path):
        run(tmp_path / "run", checkpointing=Checkpointing(every_steps=2, every_minutes=0, keep=1))
        assert differences(undisturbed, tmp_path / "run") == []
        assert len(numbered(tmp_path / "run" / "checkpoints")) == 1

    def test_ends_of_phases_do_not_wait_for_a_slow_disk_and_ends_of_tasks_are_saved(
        self, run, undisturbed, tmp_path, monkeypatch
    ):
        def noted(directory, steps, state, cursor, record):
            places.append((cursor["task"], cursor["stage"]))
            return write_checkpoint(directory, steps, state, cursor, record)

        places = []
        with monkeypatch.context() as patch:
            patch.setattr("braincl_jax.runtime.writer.write_checkpoint", noted)
            patch.setattr(Writer, "idle", False)
            run(tmp_path / "run")
        assert places == [(1, "start"), (2, "start")]
        assert differences(undisturbed, tmp_path / "run") == []

    def test_a_method_without_cues_resumes_too_and_so_does_a_night_that_is_capped(
        self, run, config, tmp_path
    ):
        # 96 examples by day, and by night 2 x 4 steps of 16, of which 3 are left.
        config = dataclasses.replace(config, method="finetune", max_examples=200)
        assert run(tmp_path / "alone", config=config)["compute"]["updates"]["replay"] == 6
        with pytest.raises(Interrupted):
            run(tmp_path / "run", ((1, "replay", 2), terminate), config=config)
        run(tmp_path / "run", config=config)
        assert differences(tmp_path / "alone", tmp_path / "run") == []

    def test_a_damaged_newest_checkpoint_costs_time_and_nothing_else(
        self, run, undisturbed, interrupted, caplog
    ):
        cursor = numbered(interrupted / "checkpoints")[-1] / "cursor.json"
        cursor.write_bytes(cursor.read_bytes().replace(b"replay", b"transfer"))
        run(interrupted)
        assert "cursor.json has" in caplog.text
        assert differences(undisturbed, interrupted) == []

    def test_failed_saves_stop_no_run(self, run, undisturbed, tmp_path, monkeypatch, caplog):
        def disk_full(*arguments):
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr("braincl_jax.runtime.checkpoint._write_arrays", disk_full)
            summary = run(tmp_path / "run")
        expected = json.loads((undisturbed / "summary.json").read_text())
        assert summary["accuracy_matrix"] == expected["accuracy_matrix"]
        assert "could not be written" in caplog.text
        assert numbered(tmp_path / "run" / "checkpoints") == []

    def test_another_number_of_devices_goes_on(self, run, config, tmp_path, undisturbed):
        def on(number: int):
            return dataclasses.replace(config, num_devices=number)

        for number, place in ((4, (0, "encode", 9)), (1, (1, "replay", 2))):
            with pytest.raises(Interrupted):
                run(tmp_path / "run", (place, terminate), config=on(number))
        summary = run(tmp_path / "run", config=on(2))
        assert summary["device"].startswith("2 x ")
        lines, others = (
            [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]
            for path in (tmp_path / "run", undisturbed)
        )
        for line, other in zip(lines, others, strict=True):
            assert line.keys() == other.keys()
            assert [line[key] for key in ("task", "phase")] == [other["task"], other["phase"]]
            if "psnr_db" in line:  # the same samples; only the order of sums differs
                assert line["psnr_db"] == pytest.approx(other["psnr_db"], rel=0.05)

    def test_the_launcher_survives_sigterm_and_five_times_sigkill(self, tmp_path):
        run = small_run(tmp_path, num_tasks=2)
        alone, stopped, killed = (tmp_path / name for name in ("alone", "stopped", "killed"))
        run.finish(alone)

        process = run.start(stopped, checkpoint_steps=1)
        while not numbered(stopped / "checkpoints") and process.poll() is None:
            time.sleep(0.01)
        process.terminate()
        assert process.wait() == EXIT_INTERRUPTED == 75
        run.finish(stopped)
        assert differences(alone, stopped) == []

        num_steps = int(numbered(alone / "checkpoints")[-1].name)
        # All rhythms of checkpoints are among the five; `TestExactness` dies in every phase.
        landings = kill_and_resume(run, killed, kills=5, num_steps=num_steps, seed=1)
        assert len(set(landings)) == 5
        assert differences(alone, killed) == []


class TestSignals:
    def test_the_message_says_where_the_run_is(self, run, tmp_path):
        saved = tmp_path / "run" / "checkpoints" / "00000003"
        with pytest.raises(Interrupted, match=rf"task 0, encode, 2 steps done.*saved as {saved}"):
            run(tmp_path / "run", ((0, "encode", 1), terminate))
        assert saved.is_dir()


class TestWorkDirectory:
    def test_a_finished_run_is_not_repeated(self, run, undisturbed, capsys):
        before = files_of(undisturbed)
        summary = run(undisturbed, ((0, "start", 0), crash))
        assert summary == read_sealed(undisturbed / "summary.json")
        assert files_of(undisturbed) == before
        assert "finished; --restart does it again" in capsys.readouterr().err

    def test_a_restart_deletes_the_old_run_and_nothing_else(self, run, interrupted, config):
        (interrupted / "mine.txt").write_text("notes")
        changed = dataclasses.replace(config, seed=5)
        with pytest.raises(Crash):
            run(interrupted, ((0, "start", 0), crash), config=changed, restart=True)
        left = {"mine.txt", "config.json"}
        left |= {"launches.jsonl", "metrics.jsonl", "metrics.csv", "timings.jsonl"}
        assert set(files_of(interrupted)) == left
        assert json.loads((interrupted / "config.json").read_text())["settings"]["seed"] == 5

    def test_other_settings_are_refused_key_by_key(self, run, interrupted, config):
        before = files_of(interrupted)
        changed = dataclasses.replace(
            config, seed=5, num_devices=2, wake=dataclasses.replace(config.wake, epochs=3)
        )
        with pytest.raises(ValueError, match="another run") as refusal:
            run(interrupted, config=changed)
        assert str(refusal.value).splitlines()[1:-1] == [
            "  seed: 0 there, 5 here",
            "  wake.epochs: 1 there, 3 here",
        ]
        assert "--restart" in str(refusal.value) and "--fork_from" in str(refusal.value)
        assert files_of(interrupted) == before

    def test_settings_are_known_by_their_checkpoints_too(self, run, interrupted, config):
        record = read_mapping(interrupted / "config.json")
        record["settings"]["seed"] = 5
        write_sealed(interrupted / "config.json", record)
        with pytest.raises(ValueError, match="seed: 0 there, 5 here"):
            run(interrupted, config=dataclasses.replace(config, seed=5))

    def test_without_its_mark_a_folder_is_nobodys(self, run, interrupted):
        (interrupted / "config.json").unlink()
        before = files_of(interrupted)
        for restart in (False, True):
            with pytest.raises(ValueError, match=r"launches\.jsonl.*no config\.json.*--workdir"):
                run(interrupted, restart=restart)
        assert files_of(interrupted) == before

    @pytest.mark.parametrize("what", ["data", "class_order"])
    def test_other_data_of_the_same_shape_and_other_orders_are_refused(
        self, run_of, config, tiny_stream, interrupted, what
    ):
        changes = {
            "data": {"_train": tiny_stream._test},
            "class_order": {"class_order": tiny_stream.class_order[::-1]},
        }
        other = dataclasses.replace(tiny_stream, **changes[what])
        before = files_of(interrupted)
        for options in ({}, {"fork_from": interrupted}):
            workdir = interrupted.with_name("fork") if options else interrupted
            with pytest.raises(ValueError, match=what):
                run_of(config, other)(workdir, **options)
        assert files_of(interrupted) == before

    def test_other_code_of_this_package_goes_on_and_is_told(self, run, interrupted, capsys):
        launches = interrupted / "launches.jsonl"
        launches.write_text(
            json.dumps(json.loads(launches.read_text()) | {"code": "0", "commit": "abc"}) + "\n"
        )
        summary = run(interrupted)
        assert "by other code of this package (commit abc" in capsys.readouterr().err
        assert summary["commits"][0] == summary["commit"] == "abc"
        assert len(summary["commits"]) == 2

    def test_without_an_intact_checkpoint_nothing_is_overwritten(self, run, interrupted):
        for path in numbered(interrupted / "checkpoints"):
            (path / "manifest.json").unlink()
        before = files_of(interrupted)
        with pytest.raises(DamagedError, match=r"none of the 2 checkpoints .*--restart"):
            run(interrupted)
        assert files_of(interrupted) == before

    def test_lost_metrics_are_an_error(self, run, interrupted):
        (interrupted / "metrics.jsonl").write_text("")
        with pytest.raises(ValueError, match=r"metrics\.jsonl has lost lines"):
            run(interrupted)

    def test_a_run_without_a_checkpoint_begins_anew(self, run, undisturbed, tmp_path):
        with pytest.raises(Crash):
            run(tmp_path / "run", ((0, "start", 0), crash))
        (tmp_path / "run" / "metrics.jsonl").write_text("{}\n")
        run(tmp_path / "run")
        assert differences(undisturbed, tmp_path / "run") == []
