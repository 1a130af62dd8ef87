"""Flags of a test's own, since those of a process are defined once."""

import sys
from collections.abc import Callable

import pytest
from absl import flags

from experiments import packaged


@pytest.fixture
def command_line(monkeypatch) -> Callable[..., list[str]]:
    """Makes the flags of a command afresh, with arguments; gives what the process would have as `sys.argv`."""

    def make(*arguments: str) -> list[str]:
        values = flags.FlagValues()
        monkeypatch.setattr(flags, "FLAGS", values)
        monkeypatch.setattr(sys, "argv", ["braincl", *arguments])
        # A config file is loaded as a module of this name, into the one that is there.
        monkeypatch.delitem(sys.modules, "config_config", raising=False)
        packaged.define_config("Experiment.")
        flags.DEFINE_string("workdir", None, "Where results go.", flag_values=values)
        flags.DEFINE_integer("keep", 2, "How many stay.", flag_values=values)
        return sys.argv

    return make
