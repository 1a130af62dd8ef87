"""JPEG files of ImageNet's shape: what is measured of a run, and what is told where it is not as expected."""

import json
import signal
import subprocess
import sys

import numpy as np
import pytest

from braincl_jax.build import build_stream
from braincl_jax.runtime.checkpoint import write_checkpoint
from experiments.arguments import read_config
from experiments.benchmarks import jpeg_files, waiting
from experiments.benchmarks.launched import Landing

PEAK = {"all": 2e9, "anonymous": 1e9, "mapped files": 1e9}
FINE = {
    **{"images": 10, "cues": 10, "peak_bytes": PEAK, "budget_bytes": 100},
    **{"bill": {"strings": 60, "free": 30, "total": 90}, "state_bytes": 120},
    **{"counted_bytes": {"state": 90, "file": 90}, "minutes": 0.1},
}
KILL = {"kills": ["encode of task 0"], "differences": [], "landings": []}
READING = {
    "images_by_cpu_second": {"pillow": {"plain loop": 100.0, "ours": 90.0}},
    "phases": {name: {"waiting_share": 0.1} for name in waiting.PHASES},
}


@pytest.fixture
def parts(monkeypatch):
    """Nothing is run; what each part finds."""
    found = {"learned": [FINE, FINE | {"images": 20, "cues": 20}], "killed": KILL, "read": READING}
    monkeypatch.setattr(
        jpeg_files, "learned", lambda flags, folder, environment: found["learned"].pop(0)
    )
    monkeypatch.setattr(jpeg_files, "killed", lambda flags, folder: found["killed"])
    monkeypatch.setattr(jpeg_files, "read", lambda flags, tree, rounds, steps: found["read"])
    return found


def test_the_command_makes_the_files_and_publishes_all_parts(parts, tmp_path, capsys):
    results = tmp_path / "jpeg_files.json"
    flags = ["--smoke", f"--folder={tmp_path}", f"--results={results}"]
    assert jpeg_files.main(flags) == 0
    written = json.loads(results.read_text())
    assert [run["images"] for run in written["runs"]] == [10, 20]
    assert written["killed"] == KILL and written["reading"] == READING and written["faults"] == []
    for number in jpeg_files.SMOKE_IMAGES:
        assert len(list((tmp_path / f"files-{number}").glob("train/*/*.jpg"))) == number
    shown = capsys.readouterr().out
    assert "encode of task 0" in shown
    assert "| pillow" in shown and "0.90" in shown and "| 20 " in shown


def test_files_in_a_folder_are_not_made_twice(parts, tmp_path, monkeypatch):
    flags = ["--smoke", f"--folder={tmp_path}", "--parts", "reading"]
    assert jpeg_files.main(flags) == 0
    monkeypatch.setattr(jpeg_files.photographs, "write_tree", None)
    assert jpeg_files.main(flags) == 0


def test_a_fault_is_a_failure(parts, capsys):
    parts["killed"] = KILL | {"differences": ["encoder/params"]}
    parts["learned"][0] = FINE | {"cues": 9}
    assert jpeg_files.main(["--smoke"]) == 1
    told = capsys.readouterr().out
    assert "not as expected: after kills: encoder/params" in told
    assert "not as expected: 10 images: 9 cues" in told


def test_photographs_must_be_named(capsys):
    with pytest.raises(SystemExit):
        jpeg_files.main([])
    assert "--photographs=FOLDER" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({}, None),
        ({"cues": 9}, "9 cues"),
        ({"bill": {"strings": 60, "free": 29, "total": 90}}, "were counted"),
        ({"counted_bytes": {"state": 90, "file": 91}}, "were counted"),
        ({"budget_bytes": 89}, "90 bytes are more than 89"),
        ({"peak_bytes": PEAK | {"all": 4e9}}, "bytes in use"),
    ],
)
def test_what_is_not_as_expected_is_told(changed, told):
    found = jpeg_files.faults([FINE | changed])
    assert found == [] if told is None else told in found[0]


def test_memory_that_grows_with_the_files_is_told():
    def more(share):
        return FINE | {"peak_bytes": {kind: share * most for kind, most in PEAK.items()}}

    assert jpeg_files.faults([FINE, more(1.09)]) == []
    assert len(jpeg_files.faults([FINE, more(1.11)])) == len(PEAK)


def test_bytes_are_counted_array_by_array(tmp_path):
    words = np.zeros(10, np.uint16)
    long_term = {"words": words, "check": np.zeros(1, np.uint32)}
    state = {"memory": {"long_term": long_term}, "encoder": {"params": np.ones(3, np.float32)}}
    write_checkpoint(tmp_path / "checkpoints", 5, state, {}, {})
    np.savez(tmp_path / "memory.npz", words=words, header=words, header_sha256=words)
    assert jpeg_files.counted_bytes(tmp_path) == {"state": 24, "file": 20}


class Prepared:
    """Stands for `Launched`: a process that does nothing, whose results are there."""

    def __init__(self, flags, folder, **options) -> None:
        self.folder, self.output = folder, folder / "output.txt"
        self.output.write_text("no such luck")

    def start(self, workdir):
        workdir.mkdir()
        words = np.zeros(10, np.uint16)
        state = {"memory": {"long_term": {"words": words}}}
        write_checkpoint(workdir / "checkpoints", 5, state, {}, {})
        np.savez(workdir / "memory.npz", words=words)
        summary = {
            **{"num_train_images": 4, "num_cues": 4, "class_order": [1, 0], "budget_bytes": 30},
            **{"memory_bytes": {"strings": 20, "total": 20}, "final_accuracy": 0.5},
            **{"wall_seconds": {"encode": 1.0}},
        }
        (workdir / "summary.json").write_text(json.dumps(summary))
        code = f"raise SystemExit({self.folder.name == 'fails'})"
        return subprocess.Popen([sys.executable, "-c", code])


def test_a_run_is_watched_and_its_memory_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(jpeg_files, "Launched", Prepared)
    monkeypatch.setattr(jpeg_files.footprint, "brain_bytes", lambda config: 123)
    found = jpeg_files.learned([jpeg_files.harness.QUICKSTART], tmp_path, {})
    assert (found["images"], found["cues"], found["classes"]) == (4, 4, 2)
    assert found["counted_bytes"] == {"state": 20, "file": 20} and found["state_bytes"] == 123
    assert json.loads((tmp_path / "peaks.json").read_text()) == found["peak_bytes"]
    assert jpeg_files.faults([found]) == []
    (tmp_path / "fails").mkdir()
    with pytest.raises(RuntimeError, match="no such luck"):
        jpeg_files.learned([], tmp_path / "fails", {})


LINES = [
    {"from_step": 0},
    *({"task": 0, "phase": phase, "steps": n} for phase, n in (("encode", 20), ("encode", 4))),
    *({"task": 0, "phase": phase, "steps": 2} for phase in ("checkpoint", "memorise")),
    *({"task": 1, "phase": phase, "steps": 3} for phase in ("encode", "classify")),
    *({"task": 1, "phase": phase, "steps": n} for phase, n in (("transfer", 1), ("replay", 6))),
]


def test_each_kill_comes_in_the_middle_of_its_phase(tmp_path):
    (tmp_path / "timings.jsonl").write_text("".join(json.dumps(one) + "\n" for one in LINES))
    steps = jpeg_files.steps_of(tmp_path)
    assert steps == {
        **{("encode", 0): range(0, 24), ("memorise", 0): range(24, 26)},
        **{("encode", 1): range(26, 29), ("classify", 1): range(29, 32)},
        **{("transfer", 1): range(32, 33), ("replay", 1): range(33, 39)},
    }
    places = jpeg_files.places(steps)
    assert [one.steps for one in places] == [12, 25, 30, 32, 36]
    assert {one.number for one in places} == {signal.SIGKILL}
    landings = [Landing(0, "encode", 11, 12), Landing(1, "transfer", 32, 0), Landing(2, "", 99, 0)]
    assert jpeg_files.phases_hit(landings, steps) == [
        *("encode of task 0", "transfer of task 1", "end")
    ]


def test_the_settings_are_those_of_a_run_on_such_files(tmp_path):
    noise = jpeg_files.photographs.write_noise(tmp_path / "photographs", 1)
    tree = tmp_path / "tree"
    jpeg_files.photographs.write_tree(noise, tree, classes=4, per_class={"train": 2, "val": 1})
    line = jpeg_files.command_line()
    config = read_config(jpeg_files.flags_of(line.read([]), tree))
    spec = build_stream(config).spec
    assert (spec.image_shape, spec.num_images, spec.num_tasks) == ((256, 256, 3), 8, 2)
    assert config.network_side == 224 and config.wake.epochs == 1
