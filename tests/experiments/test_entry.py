"""Where commands meet their users: what is wrong is one line, with exit code 2."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import jax
import pytest
from absl import flags

from braincl_jax.config import Config, from_mapping
from braincl_jax.memory.block.integrity import check_intact
from braincl_jax.pipeline import Phase
from braincl_jax.runtime.checkpoint import DamagedError
from braincl_jax.runtime.divergence import DivergedError
from experiments import entry

ROOT = Path(__file__).parents[2]


@pytest.fixture
def parsed(command_line):
    """What parsing some arguments gives, or the one line that it ends with."""

    def parse(*arguments: str) -> list[str]:
        argv = command_line(*arguments)
        with entry.errors_in_one_line():
            return entry.parse(argv, command_line.__module__)
        raise AssertionError

    return parse


@pytest.fixture
def line_of(parsed, capsys):
    """The one line with which parsing ends."""

    def line(*arguments: str) -> str:
        with pytest.raises(SystemExit) as ended:
            parsed(*arguments)
        assert ended.value.code == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.count("\n") == 1
        assert said.err.startswith("braincl: error: ")
        return said.err.removeprefix("braincl: error: ").strip()

    return line


def test_without_a_config_it_is_the_quickstart_and_settings_are_flags(parsed):
    assert parsed("--config.seed=7", "--config.sleep.growing", "x") == ["braincl", "x"]
    config = from_mapping(flags.FLAGS.config.to_dict())
    assert (config.seed, config.sleep.growing) == (7, True)
    assert config.budget_bytes == Config().budget_bytes


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        ("--config=quikstart", "config='quikstart' is neither a file nor the name of a packaged"),
        ("--config.sed=1", "unknown setting sed=1; did you mean seed? Known: plugins, method,"),
        ("--config.codec.wdth=3", "unknown setting codec.wdth=3; did you mean codec.width? Known:"),
        ("--config.seed=abc", "seed=abc is impossible: it must be of type int, between 0 and 429"),
        (
            "--config.sleep.growing=maybe",
            "sleep.growing=maybe is impossible: it must be of type bo",
        ),
        ("--config.budget_bytes", "Missing value for flag --config.budget_bytes"),
        ("--sed=1", "unknown flag --sed; did you mean --config.seed?"),
        ("--batch_size=1", "unknown flag --batch_size; did you mean --config.codec.batch_size?"),
        ("--workdri=x", "unknown flag --workdri; did you mean --workdir?"),
        ("--keep=x", "flag --keep=x: invalid literal for int() with base 10: 'x'"),
    ],
)
def test_an_impossible_flag_is_one_line_that_says_what_is_possible(line_of, argument, told):
    assert line_of(argument).startswith(told)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("import nope", "the config file cannot be run: ModuleNotFoundError: No module named"),
        ("def get_config(", "the config file cannot be run: SyntaxError: "),
        ("", "the config file cannot be run: AttributeError: "),
        ("def get_config():\n    return int('x')", "flag --config="),
    ],
)
def test_a_config_file_that_does_not_run_is_one_line_too(line_of, tmp_path, source, told):
    (tmp_path / "mine.py").write_text(source)
    line = line_of(f"--config={tmp_path / 'mine.py'}")
    assert line.startswith(told)
    assert line.endswith("(--verbosity=1 shows where)")


def test_where_settings_stand_behind_two_dashes_that_is_said(command_line):
    argv = command_line("--config=smoke", "--config.seed=1")
    # As in compare, where it is a text.
    del flags.FLAGS.config
    flags.DEFINE_string("config", None, "", flag_values=flags.FLAGS)
    with pytest.raises(ValueError, match=r"--config.seed: settings of all runs stand behind --, a"):
        entry.parse(argv, command_line.__module__)


def test_help_is_asked_for_before_anything_is_checked(parsed, capsys, monkeypatch):
    monkeypatch.setattr("experiments.help.command_help", lambda module, own: f"help {own}")
    with pytest.raises(SystemExit) as ended:
        parsed("--config.sed=1", "--help")
    assert ended.value.code == 0
    assert capsys.readouterr().out == "help ['--config.sed=1', '--help']\n"


def test_a_folder_is_an_argument_or_a_flag():
    for argv, flag in ((["braincl recall", "runs/a"], None), (["braincl recall"], "runs/a")):
        assert entry.one_folder(argv, flag) == Path("runs/a")


@pytest.mark.parametrize(("arguments", "flag"), [([], None), (["a"], "b"), (["a", "b"], None)])
def test_it_is_one_folder(arguments, flag):
    with pytest.raises(ValueError, match=r"name the folder of one run, as in `braincl recall WOR"):
        entry.one_folder(["braincl recall", *arguments], flag)


def test_behind_two_dashes_nothing_is_read(parsed):
    assert parsed("--", "--help", "--sed=1") == ["braincl", "--help", "--sed=1"]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (DamagedError("none is intact"), "none is intact"),
        (flags.Error("no such flag"), "no such flag"),
        (
            OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "runs/a/metrics.jsonl"),
            "No space left on device: runs/a/metrics.jsonl; free some space: the same command then goes",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", "runs"),
            "Permission denied: runs; choose a place that may be read and written, such as another --w",
        ),
        (FileNotFoundError(errno.ENOENT, "No such file", "a.npz"), "No such file: a.npz"),
        (MemoryError("28 GiB"), "memory is exhausted (28 GiB): raise sleep.accumulate, or lower"),
        (
            jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory\nmore"),
            "memory is exhausted (RESOURCE_EXHAUSTED: Out of memory): raise",
        ),
        (
            DivergedError(Phase("replay", lambda *a: a), 1, 2, "loss", float("nan")),  # pyright: ignore
            "training diverged in task 1, phase 'replay', step 2: loss is nan",
        ),
    ],
)
def test_errors_of_the_user_are_told(error, told):
    text = entry.explain(error)
    assert text is not None
    assert text.startswith(told)


@pytest.mark.parametrize(
    "error", [TypeError("a"), KeyError("a"), AssertionError(), jax.errors.JaxRuntimeError("bug")]
)
def test_a_fault_of_the_program_keeps_its_traceback(error):
    assert entry.explain(error) is None
    with pytest.raises(type(error)), entry.errors_in_one_line():
        raise error


def test_what_a_library_says_is_marked_as_such():
    with pytest.raises(ValueError, match="Output character") as caught:
        jax.numpy.einsum("ij->iij", jax.numpy.ones(2))
    told = entry.explain(caught.value)
    assert told is not None
    assert "(ValueError in " in told
    with pytest.raises(ValueError, match="seed=-1 is impossible") as caught:
        Config(seed=-1)
    assert entry.explain(caught.value) == str(caught.value)


def test_damage_and_its_traceback_where_that_is_asked_for(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["braincl", "run", "--verbosity=1"])
    with pytest.raises(SystemExit) as ended, entry.errors_in_one_line():
        check_intact(7)
    lines = capsys.readouterr().err.splitlines()
    assert ended.value.code == 2
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[-1].startswith("braincl: error: slot 7 of long-term memory cannot be recalled")


def test_the_keyboard_ends_it_at_once_and_without_a_word_too_many(monkeypatch, capsys):
    # The process itself would end.
    monkeypatch.setattr(entry.os, "_exit", sys.exit)
    with pytest.raises(SystemExit) as ended, entry.errors_in_one_line():
        raise KeyboardInterrupt
    assert (ended.value.code, capsys.readouterr().err) == (130, "braincl: interrupted\n")


def test_a_module_that_is_run_by_itself_ends_in_the_same_way(tmp_path):
    ended = subprocess.run(
        [sys.executable, "-m", "experiments.launch", "--config.codec.learning_rate=inf"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 2
    assert ended.stderr.strip() == (
        "braincl: error: codec.learning_rate=inf is impossible: it must be positive and finite"
    )
    assert list(tmp_path.iterdir()) == []
