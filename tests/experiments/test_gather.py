"""Runs that were made one by one, put side by side."""

import json
from pathlib import Path

import pytest
from absl import flags

from braincl_jax.runtime.log import read_sealed, write_json, write_sealed
from experiments import gather

RESULTS = Path(__file__).parents[2] / "experiments" / "results"
RUNS = json.loads((RESULTS / "quickstart.json").read_text())


@pytest.fixture
def folder_of(tmp_path):
    """(name, method, seed) -> the folder of a finished run."""

    def make(name: str, method: str, seed: int) -> Path:
        (run,) = [run for run in RUNS if (run["method"], run["seed"]) == (method, seed)]
        (tmp_path / name).mkdir()
        write_json(tmp_path / name / "config.json", {})
        write_sealed(tmp_path / name / "summary.json", run)
        return tmp_path / name

    return make


@pytest.fixture
def gathered(tmp_path):
    """(RUN, ...) -> what `results.json` then says."""

    def run(*asked: object) -> list[dict]:
        flags.FLAGS.unparse_flags()
        gather.main(flags.FLAGS(["gather", *map(str, asked), f"--out={tmp_path / 'out'}"]))
        return json.loads((tmp_path / "out/results.json").read_text())

    return run


def test_folders_and_files_are_one_comparison(folder_of, gathered, tmp_path, capsys):
    others = tmp_path / "others.json"
    write_json(others, [run for run in RUNS if run["method"] == "joint"])
    runs = gathered(folder_of("a", "braincl", 0), folder_of("b", "braincl", 1), others)
    assert [(run["method"], run["seed"]) for run in runs] == [
        *(("braincl", 0), ("braincl", 1)),
        *(("joint", 0), ("joint", 1), ("joint", 2)),
    ]
    printed = capsys.readouterr().out
    page = (tmp_path / "out/comparison.md").read_text()
    assert printed.partition("\n\n")[0] in page and "| braincl - joint | 2 |" in page
    assert (tmp_path / "out/comparison.html").is_file()


def test_a_run_goes_by_the_name_it_is_given(folder_of, gathered):
    one, other = folder_of("a", "braincl", 0), folder_of("b=c", "braincl", 0)
    assert [run["method"] for run in gathered(f"no wake={one}", other)] == ["no wake", "braincl"]
    assert [run["method"] for run in gathered(one, f"wake=0={other}")] == ["braincl", "wake=0"]


def test_runs_of_one_name_with_other_settings_are_told_apart_or_warned_of(
    folder_of, gathered, capsys
):
    one, other = folder_of("a", "braincl", 0), folder_of("b", "braincl", 1)
    summary = read_sealed(other / "summary.json")
    summary["changed_settings"]["wake.epochs"] = {"value": 1, "default": 4}
    write_sealed(other / "summary.json", summary)
    gathered(one, other)
    assert capsys.readouterr().err == (
        "braincl: warning: runs of braincl differ in wake.epochs: NAME=RUN tells variants apart\n"
    )
    gathered(one, f"short wake={other}")
    assert capsys.readouterr().err == ""


def test_settings_are_left_out_of_names_that_are_clear_without():
    names = ["wa(clip=True)", "joint", "webp(ratio=4.0)", "webp(ratio=7.0)", "wa(clip=True)"]
    runs = [{"method": name, "settings": {"method": name}} for name in names]
    short = [run["method"] for run in gather.named_shortly(runs)]
    assert short == ["wa", "joint", "webp(ratio=4.0)", "webp(ratio=7.0)", "wa"]
    given = [{"method": "joint (my way)", "settings": {"method": "joint"}}]
    assert gather.named_shortly(given)[0]["method"] == "joint (my way)"


def test_the_same_run_twice_is_refused_and_nothing_is_written(folder_of, gathered, tmp_path):
    one = folder_of("a", "braincl", 0)
    with pytest.raises(ValueError, match=r"braincl has 2 runs but seeds \[0, 0\]: give variants"):
        gathered(one, one)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "neither a folder nor a file: name runs, as in `braincl gather runs"),
        ("folder", "is not the folder of a finished run; `braincl show "),
        ("{", "cannot be read as JSON"),
        ("[3]", "holds no summaries of runs: number 0 in it has no 'method'"),
        ('[{"method": "joint"}]', "number 0 in it has no 'seed'"),
    ],
)
def test_what_is_no_finished_run_is_an_error_that_says_so(tmp_path, content, message):
    path = tmp_path / "run"
    if content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_text(content)
    with pytest.raises(ValueError, match=message):
        gather.read_runs(str(path))


def test_without_a_run_it_says_how_to_name_one():
    with pytest.raises(ValueError, match=r"as in `braincl gather runs/\*`"):
        gather.main(["gather"])
