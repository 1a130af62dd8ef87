"""A flag of several commands, which may be imported into one process."""

import sys

import pytest
from absl import flags

from experiments import compare, entry, gather, plugins


@pytest.fixture
def asked():
    """(flag, ...) -> flags are read."""

    def ask(*given: str) -> None:
        flags.FLAGS.unparse_flags()
        flags.FLAGS(["command", *given])

    yield ask
    ask()


def test_what_is_named_is_imported(asked, tmp_path, monkeypatch):
    (tmp_path / "hers.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    asked("--plugins=hers")
    assert plugins.imported() == ("hers",)
    assert "hers" in sys.modules
    asked("--plugins=nowhere")
    with pytest.raises(ValueError, match="nowhere"):
        plugins.imported()


@pytest.mark.parametrize("command", [compare, gather])
def test_two_commands_have_it_among_their_own(command):
    assert "plugins" in [flag.name for flag in entry.flags_of(command.__name__)]
