"""Runs in processes of their own: a toy launcher is interrupted in place of a real one, which `tests/runtime` does."""

import json
import signal
from pathlib import Path

import numpy as np
import pytest

from braincl_jax.runtime.checkpoint import write_checkpoint
from experiments.benchmarks import launched
from experiments.benchmarks.launched import Interruption, Landing, Launched

# Saves itself after every one of its 30 steps; goes on where it was; stops at SIGTERM.
TOY = """
import json, pathlib, signal, sys, time
flags = dict(one.lstrip("-").split("=", 1) for one in sys.argv[1:])
if flags.get("fail"):
    sys.exit("it failed")
stop = []
signal.signal(signal.SIGTERM, lambda *_: stop.append(True))
checkpoints = pathlib.Path(flags["workdir"]) / "checkpoints"
checkpoints.mkdir(parents=True, exist_ok=True)
for steps in range(len(list(checkpoints.glob("*[0-9]"))) + 1, 101):
    saving = checkpoints / f"{steps:08}.tmp"
    saving.mkdir(exist_ok=True)
    cursor = {"task": steps // 10, "stage": "replay", "steps": steps}
    (saving / "cursor.json").write_text(json.dumps(cursor))
    time.sleep(0.02)
    saving.rename(checkpoints / f"{steps:08}")
    if stop:
        sys.exit(75)
summary = {"flags": flags, "root": str(pathlib.Path.cwd())}
(checkpoints.parent / "summary.json").write_text(json.dumps(summary))
"""


@pytest.fixture
def toy(tmp_path) -> Path:
    """A checkout with a launcher that learns nothing."""
    package = tmp_path / "checkout" / "experiments"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "launch.py").write_text(TOY)
    return package.parent


def test_the_launcher_of_another_checkout_runs_there_and_gives_its_summary(toy, tmp_path):
    summary = Launched(["--a=1"], tmp_path, root=toy).finish(tmp_path / "run", 5)
    assert Path(summary["root"]).samefile(toy)
    assert summary["flags"]["a"] == "1" and summary["flags"]["checkpoint_steps"] == "5"


def test_a_run_that_fails_is_an_error_with_what_it_printed(toy, tmp_path):
    with pytest.raises(RuntimeError, match="it failed"):
        Launched(["--fail=1"], tmp_path, root=toy).finish(tmp_path / "run")


def test_a_run_goes_through_signals_to_its_end(toy, tmp_path):
    run = Launched([], tmp_path, root=toy)
    places = [Interruption(12, 0), Interruption(5, 0, signal.SIGTERM), Interruption(40, 0)]
    landings = launched.interrupt(run, tmp_path / "run", places)
    steps = [one.steps for one in landings]
    # The second place was behind the first: the signal waits for new progress.
    assert 11 <= steps[0] < steps[1] < steps[2] < 100 and steps[2] >= 39
    assert all(one.phase == "replay" and one.task == one.steps // 10 for one in landings)
    assert all(one.saving in (0, one.steps + 1) for one in landings)
    assert launched.progress(tmp_path / "run") == 100


def test_a_signal_after_the_end_is_an_error(toy, tmp_path):
    with pytest.raises(RuntimeError, match="SIGKILL did not end it"):
        Launched([], tmp_path, root=toy).interrupt(tmp_path / "run", Interruption(101, 0))


def test_without_a_checkpoint_the_place_is_the_start(tmp_path):
    assert launched._landing(tmp_path) == Landing(0, "start", 0, 0)


def finished(folder: Path, weight: float = 1.0, loss: float = 0.5, seconds: float = 3.0) -> Path:
    """What a finished run leaves."""
    write_checkpoint(folder / "checkpoints", 3, {"a": np.full(2, weight), "b": np.ones(1)}, {}, {})
    (folder / "metrics.jsonl").write_text(json.dumps({"loss": loss}))
    summary = {"final_accuracy": 0.5, "wall_seconds": {"replay": seconds}}
    (folder / "summary.json").write_text(json.dumps(summary))
    return folder


def test_runs_are_compared_bit_for_bit_but_for_the_time_they_took(tmp_path):
    one = finished(tmp_path / "one")
    assert launched.differences(one, finished(tmp_path / "two", seconds=4.0)) == []
    other = finished(tmp_path / "three", weight=1 + 1e-15, loss=0.25)
    assert launched.differences(one, other) == ["a", "metrics.jsonl"]


def test_a_run_is_disturbed_at_places_that_depend_on_its_length(tmp_path):
    class Recorded:
        def finish(self, workdir):
            if not workdir.exists():
                finished(workdir)

        def interrupt(self, workdir, at):
            calls.append((workdir.name, at))
            return Landing(0, "replay", at.steps, 0)

    calls = []
    landings, different = launched.disturb(
        Recorded(),  # pyright: ignore[reportArgumentType]
        tmp_path,
        lambda steps: [Interruption(steps - 1, 0.5)],
    )
    assert calls == [("interrupted", Interruption(2, 0.5))]
    assert landings == [Landing(0, "replay", 2, 0)] and different == []
