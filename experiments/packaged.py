"""The configs that come with the package, by name."""

import ast
import difflib
import re
from pathlib import Path
from typing import Any

from absl import flags
from ml_collections import config_flags

FOLDER = Path(__file__).parent / "configs"
DEFAULT = "quickstart"

# `--config` is a flag of the command that asks for it.
flags.disclaim_key_flags()


def names() -> list[str]:
    """What `--config` may name, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")


def first_line(name: str) -> str:
    """What a config says of itself first; the file is not run."""
    docstring = ast.get_docstring(ast.parse(_text_of(name)))
    return (docstring or "").partition("\n")[0]


def with_forms() -> list[str]:
    """The packaged configs that take a form, as in NAME:smoke; no file is run."""
    return [name for name in names() if _takes_form(ast.parse(_text_of(name)))]


def _takes_form(module: ast.Module) -> bool:
    made_by = [one for one in module.body if isinstance(one, ast.FunctionDef)]
    return any(one.name == "get_config" and bool(one.args.args) for one in made_by)


def _text_of(name: str) -> str:
    return (FOLDER / f"{name}.py").read_text(encoding="utf-8")


def config_path(text: str) -> Path:
    """The file that `--config=TEXT` means: a file, or else the packaged config of that name.

    Raises:
        ValueError: there is neither; the message names the packaged ones.
    """
    if Path(text).is_file():
        return Path(text)
    if text in names():
        return FOLDER / f"{text}.py"
    close = difflib.get_close_matches(Path(text).stem, names(), n=1)
    hint = f"; did you mean --config={close[0]}?" if close else "."
    raise ValueError(
        f"config={text!r} is neither a file nor the name of a packaged config{hint} Packaged: {', '.join(names())}"
    )


def called(text: str) -> str:
    """What a command line calls a config, given as a file or NAME, either with :TEXT: the name of a packaged one."""
    file, colon, form = text.partition(":")
    name = Path(file).stem if Path(file).resolve().parent == FOLDER else file
    return f"{name}{colon}{form}"


def in_folder_names(text: str) -> str:
    """What the folders of its runs call a config, given as in `called`: `NAME` or `NAME-TEXT`."""
    file, colon, form = text.partition(":")
    return Path(file).stem + re.sub(r"[^\w.=-]+", "-", colon + form)


class ByName(flags.ArgumentParser):
    """Reads files, and packaged configs by their names; NAME:TEXT gives TEXT to `get_config`, as with files."""

    def __init__(self, files: flags.ArgumentParser) -> None:
        """Gets the parser of files."""
        self._files = files

    def parse(self, argument: str) -> Any:
        name, colon, text = argument.partition(":")
        if colon and name in names() and name not in with_forms():
            raise ValueError(
                f"config={argument!r} is impossible: {name} is all that there is of it. A form behind the colon have "
                f"{', '.join(with_forms())}"
            )
        return self._files.parse(f"{config_path(name)}{colon}{text}")

    def flag_type(self) -> str:
        return self._files.flag_type()


def define_config(
    help_text: str,
    flag_values: flags.FlagValues | None = None,
    sys_argv: list[str] | None = None,
) -> flags.FlagHolder:
    """Defines `--config` and `--config.KEY`.

    The flag has no default here: with one, its file would be read when the flag is defined, out of reach of
    `entry.parse`, which sets `DEFAULT`.

    Args:
        help_text: what it is for.
        flag_values: that it becomes one of; those of the process where None.
        sys_argv: name and arguments, in which the `--config.KEY` are looked for; those of the process where None.
    """
    values = flags.FLAGS if flag_values is None else flag_values
    holder = config_flags.DEFINE_config_file("config", None, help_text, values, sys_argv=sys_argv)
    values["config"].parser = ByName(values["config"].parser)
    return holder
