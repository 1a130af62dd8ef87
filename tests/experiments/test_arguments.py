"""Settings on a command line: read as the launcher reads them, and told so that they can be given again."""

import shlex
import subprocess
import sys
import textwrap

import pytest

from experiments.arguments import read_config
from experiments.packaged import FOLDER

QUICKSTART = "--config=experiments/configs/quickstart.py"


def test_settings_are_read_as_by_the_launcher():
    config = read_config(
        [
            QUICKSTART,
            "--config.codec.steps=7",
            "--config.wake.learning_rate=0.5",
            "--config.network=resnet8",
            "--config.evaluators=('accuracy',)",
        ]
    )
    assert (config.codec.steps, config.wake.learning_rate) == (7, 0.5)
    assert config.network.startswith("resnet8(") and len(config.evaluators) == 1


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("--config.codec.steps=0", r"codec\.steps=0"),
        ("--config.codec.stps=1", "stps"),
        ("--config.codec.steps=many", "many"),
        ("--seed=1", "seed"),
    ],
)
def test_what_is_no_setting_is_refused(argument, message):
    with pytest.raises(ValueError, match=message):
        read_config([QUICKSTART, argument])


def test_what_is_no_flag_is_named_and_not_ignored():
    with pytest.raises(ValueError, match=r"joint: need --config=\.\.\. and --config\.KEY=VALUE"):
        read_config([QUICKSTART, "joint"])


def test_a_value_of_another_type_is_told_with_what_is_possible():
    with pytest.raises(ValueError, match=r"codec\.steps=many is impossible: .* of type int"):
        read_config([QUICKSTART, "--config.codec.steps=many"])


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(ValueError, match=r"nowhere\.py"):
        read_config(["--config=nowhere.py"])


TELLING = """
    from absl import app
    from experiments.arguments import command_of
    from experiments.packaged import define_config
    FLAG = define_config("")
    app.run(lambda argv: print(command_of(FLAG)))
"""


def test_the_command_is_the_file_and_the_settings_given_besides():
    given = ["--config=smoke", "--config.seed=3"]
    given += ["--config.figures=('memory_bill',)", "--config.network=resnet8(width=4)"]
    asked = [sys.executable, "-c", textwrap.dedent(TELLING), *given]
    told = subprocess.run(
        asked, capture_output=True, text=True, check=True, cwd=FOLDER.parents[1]
    ).stdout
    *_, file, seed, figures, network = shlex.split(told)
    assert told.startswith("python -m experiments.launch ")
    assert [file, seed, figures, network] == given
