"""The command `braincl`: which module it runs, and what it says of itself."""

import configparser
import importlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from experiments import cli

ROOT = Path(__file__).parents[2]


def test_every_command_is_a_module_that_can_be_run():
    for command in cli.COMMANDS.values():
        found = importlib.util.find_spec(command.module)
        assert found is not None and found.origin is not None
        source = Path(found.origin).read_text()
        assert "def main(argv: list[str])" in source
        assert source.endswith('if __name__ == "__main__":\n    entry.run(main)\n')


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["help"]])
def test_without_a_command_it_says_which_there_are(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["braincl", *arguments])
    said = capsys.readouterr().out
    assert ended.value.code == 0
    for name, command in cli.COMMANDS.items():
        assert f"  {name:<9} {command.does}\n" in said
        assert f"braincl {name} " in said
    assert max(map(len, said.splitlines())) <= 120


def test_the_version_is_that_of_the_package(capsys):
    with pytest.raises(SystemExit):
        cli.main(["braincl", "--version"])
    assert capsys.readouterr().out.startswith("braincl 0.")


def test_a_command_that_is_not_there_is_one_line(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["braincl", "rum"])
    assert ended.value.code == 2
    assert capsys.readouterr().err == (
        "braincl: error: there is no command 'rum'; did you mean run? "
        "Commands: run, compare, gather, recall, show\n"
    )


def test_only_the_chosen_module_is_imported_and_it_gets_the_arguments(monkeypatch):
    imported, run = [], []

    class Module:
        main = object()

    def importing(name):
        imported.append(name)
        return Module

    monkeypatch.setattr(cli.importlib, "import_module", importing)
    monkeypatch.setattr(cli.entry, "run", lambda main, argv: run.append((main, argv)))
    cli.main(["/bin/braincl", "compare", "--seeds=0", "--", "--config.seed=1"])
    assert imported == ["experiments.compare"]
    assert run == [(Module.main, ["/bin/braincl compare", "--seeds=0", "--", "--config.seed=1"])]


def test_plugins_may_lie_in_the_current_folder_and_hide_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["/installed"])
    monkeypatch.setattr(cli.entry, "run", lambda main, argv: None)
    cli.main(["braincl", "show"])
    assert sys.path == ["/installed", str(tmp_path)]


def test_the_command_is_installed_with_its_configs():
    setup = configparser.ConfigParser(interpolation=None)
    setup.read(ROOT / "setup.cfg")
    script = setup["options.entry_points"]["console_scripts"].strip()
    assert script == "braincl = experiments.cli:main"
    assert "experiments*" in setup["options.packages.find"]["include"].split()
    # What is no package is not found.
    assert (ROOT / "experiments" / "configs" / "__init__.py").exists()


def test_a_process_ends_with_exit_code_2(tmp_path):
    ended = subprocess.run(
        [sys.executable, str(ROOT / "experiments" / "cli.py"), "run", "--config.num_tasks=0"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == (
        "braincl: error: num_tasks=0 is impossible: it must be between 1 and 65536\n"
    )


def test_a_dry_run_writes_nothing(tmp_path):
    flags = ("--config=smoke", "--config.method=finetune", "--config.network=resnet8_half(width=4)")
    ended = subprocess.run(
        [sys.executable, "-m", "experiments.cli", "run", "--dry_run", *flags],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT), "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    assert "embedded:fashion_mnist_mini: 5,000 training images of 28x28x1" in ended.stdout
    assert ended.stdout.endswith("nothing was trained or written\n")
    assert list(tmp_path.iterdir()) == []
