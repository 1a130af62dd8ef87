"""Help says what there is, from what settings and parts say of themselves."""

import dataclasses

import pytest

from braincl_jax import registry
from braincl_jax.config import CodecConfig, Config, SleepConfig, WakeConfig
from experiments import help as help_of
from experiments import packaged

PLUGIN = """
from braincl_jax.registry import SAMPLERS
from braincl_jax.settings import between, settings

@SAMPLERS.register("oldest_first")
@settings()
class OldestFirst:
    share: float = between(0, 1, default=0.25)
"""


def words(text: str) -> str:
    return " ".join(text.split())


def test_every_setting_is_there_with_type_default_and_what_is_possible():
    text = words(help_of.settings_help())
    for cls, prefix in ((CodecConfig, "codec."), (WakeConfig, "wake."), (SleepConfig, "sleep.")):
        for field in dataclasses.fields(cls):
            assert f" {prefix}{field.name} " in text
    for field in dataclasses.fields(Config):
        assert f" {field.name} " in text or f" {field.name}." in text
    assert "codec.num_stages int, 2; between 1 and 8" in text
    assert "codec.storage str, 'int8'; one of int8, bfloat16" in text
    assert "sleep.growing bool, False; true or false" in text
    assert "plugins tuple of str, (); anything" in text
    # Choices of a setting that names parts are these parts.
    assert f"method str, 'braincl'; parts, see below: {', '.join(registry.METHODS.names())}" in text
    # What settings mean is said by the class that they are of.
    assert "`clip_norm`" in text or "`steps` optimiser steps for each task" in text


def test_every_part_is_there_with_its_settings():
    text = help_of.parts_help()
    for parts in (registry.METHODS, registry.EVALUATORS, registry.POLICIES, registry.FIGURES):
        for name in parts.names():
            assert f"\n    {name}" in text
    assert "noise=12.0: float, between 0 and 255" in text


def test_every_packaged_config_is_there_with_its_first_line():
    text = words(help_of.configs_help())
    for name in packaged.names():
        assert f"{name} {packaged.first_line(name)}" in text


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--plugins=a.b,c", "--x=1"], ("a.b", "c")),
        (["--config.plugins=('a.b', 'c')"], ("a.b", "c")),
        (["--config.plugins=a.b"], ("a.b",)),
        (["--config.seed=1"], ()),
    ],
)
def test_plugins_are_found_among_the_arguments(arguments, named):
    assert help_of.named_plugins(arguments) == named


def test_the_help_of_a_command_has_its_flags_and_parts_of_plugins(command_line, plugin):
    name = plugin(PLUGIN)
    command_line()
    text = help_of.command_help(command_line.__module__, [f"--config.plugins=('{name}',)"])
    assert "oldest_first" in text
    assert "--workdir" in text and "(default: quickstart)" in text


def test_no_line_is_wider_than_a_screen():
    text = "\n".join([help_of.settings_help(), help_of.parts_help(), help_of.configs_help()])
    assert max(map(len, text.splitlines())) <= 120
