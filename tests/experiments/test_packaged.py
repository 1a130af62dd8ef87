"""Configs by name."""

import pytest
from absl import flags

from experiments import packaged


def test_a_bare_name_means_a_packaged_config_wherever_one_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = packaged.config_path("quickstart")
    assert path == packaged.FOLDER / "quickstart.py"
    assert path.is_file()


def test_a_file_comes_before_a_packaged_config(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "quickstart").write_text("")
    assert packaged.config_path("quickstart").resolve() == tmp_path / "quickstart"


@pytest.mark.parametrize(
    ("text", "hint"),
    [("quikstart", "--config=quickstart?"), ("configs/smoke.py", "--config=smoke?"), ("", "smoke")],
)
def test_anything_else_is_refused_with_what_there_is(text, hint, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=f"config={text!r} is neither a file nor") as caught:
        packaged.config_path(text)
    assert hint in str(caught.value)
    assert str(caught.value).endswith(f"Packaged: {', '.join(packaged.names())}")


def test_configs_of_published_protocols_have_a_small_form_and_others_say_so(command_line):
    assert {"cifar100", "cifar100_b50", "imagenet1k"} <= set(packaged.with_forms())
    assert not {"quickstart", "smoke"} & set(packaged.with_forms())
    argv, values = ["", "--config=quickstart:smoke"], flags.FlagValues()
    packaged.define_config("The settings.", values, argv)
    with pytest.raises(flags.IllegalFlagValueError, match="quickstart is all that there is of it"):
        values(argv)


def test_a_config_says_what_it_is_without_being_run():
    assert "quickstart" in packaged.names()
    assert "__init__" not in packaged.names()
    assert packaged.first_line("smoke").startswith("Every phase, hardly trained")


def test_the_flag_reads_names_and_overrides(command_line):
    argv = command_line("--config=smoke", "--config.seed=7")
    flags.FLAGS(argv)
    config = flags.FLAGS.config
    assert (config.seed, config.sleep.steps) == (7, 20)


def test_it_reads_arguments_that_are_not_those_of_the_process():
    argv, values = ["", "--config=smoke", "--config.seed=7"], flags.FlagValues()
    packaged.define_config("", values, argv)
    values(argv)
    assert (values.config.seed, values.config.sleep.steps) == (7, 20)


@pytest.mark.parametrize(
    ("text", "command", "folder"),
    [
        ("core50", "core50", "core50"),
        ("core50:smoke", "core50:smoke", "core50-smoke"),
        (f"{packaged.FOLDER}/core50.py", "core50", "core50"),
        (f"{packaged.FOLDER}/core50.py:smoke", "core50:smoke", "core50-smoke"),
        ("mine/core50.py:a/b c", "mine/core50.py:a/b c", "core50-a-b-c"),
    ],
)
def test_a_config_and_its_form_are_called_alike_in_commands_and_in_folders(
    text, command, folder, monkeypatch
):
    monkeypatch.chdir("/")
    assert packaged.called(text) == command
    assert packaged.in_folder_names(text) == folder
