"""Several folders, of which some cannot be read."""

import pytest

from braincl_jax.runtime.log import write_sealed
from braincl_jax.runtime.record import FORMAT
from experiments import show
from experiments.entry import EXIT_ERROR

RECORD = {"format": FORMAT, "settings": {}, "plan": {"spec": {"num_tasks": 2}, "budget_bytes": 100}}


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    write_sealed(folder / "config.json", RECORD)
    return folder


def test_each_folder_is_printed(run, capsys):
    assert show.main(["show", str(run), str(run)]) == 0
    assert capsys.readouterr().out.count(f"{run}: not finished") == 2


def test_one_that_cannot_be_read_is_a_line_and_the_others_are_printed(run, capsys):
    assert show.main(["show", str(run / "nowhere"), str(run)]) == EXIT_ERROR
    said = capsys.readouterr()
    assert said.err.splitlines() == [
        f"braincl: error: {run / 'nowhere'} is no folder: name that of a run, such as "
        "runs/quickstart-braincl-seed0"
    ]
    assert f"{run}: not finished" in said.out


def test_without_a_folder_it_says_how_to_name_one():
    with pytest.raises(ValueError, match=r"as in `braincl show runs/\*`"):
        show.main(["show"])
