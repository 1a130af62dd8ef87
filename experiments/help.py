"""What `--help` prints: flags of a command, settings, parts and configs, from what they say of themselves."""

import inspect
import re
import sys
import textwrap
from ast import literal_eval
from collections.abc import Iterable, Sequence
from typing import get_type_hints

from braincl_jax import registry
from braincl_jax.config import Config
from braincl_jax.registry import Registry, import_plugins
from braincl_jax.settings import Setting, describe, kind_in_words
from experiments import entry, packaged

WIDTH, INDENT = 100, 4


def command_help(module: str, arguments: Sequence[str]) -> str:
    """The help of a command.

    Args:
        module: the `__name__` of its module, which is imported.
        arguments: of the command line; parts of the plugins that they name are listed too.

    Raises:
        ValueError: a plugin cannot be imported.
    """
    sections = [inspect.cleandoc(sys.modules[module].__doc__ or ""), own_flags(module)]
    if any(flag.name == "config" for flag in entry.flags_of(module)):
        import_plugins(named_plugins(arguments))
        sections += [settings_help(), parts_help(), configs_help()]
    return "\n\n".join(sections)


def named_plugins(arguments: Iterable[str]) -> tuple[str, ...]:
    """The modules that `--config.plugins=(...)` or `--plugins=A,B` names; none of what cannot be read."""
    found: list[str] = []
    for one in arguments:
        if match := re.fullmatch(r"--?plugins=(.*)", one):
            found += match[1].split(",")
        elif match := re.fullmatch(r"--?config\.plugins=(.*)", one):
            try:
                value = literal_eval(match[1])
            except (SyntaxError, ValueError):
                value = match[1]
            found += [value] if isinstance(value, str) else value
    return tuple(found)


def own_flags(module: str) -> str:
    """The flags that a command defines."""
    lines = ["flags"]
    for flag in entry.flags_of(module):
        default = (flag.default_as_str if flag.default else None) or ""
        if isinstance(flag.parser, packaged.ByName):
            default = packaged.DEFAULT
        lines += _entry(f"--{flag.name}", f"{flag.help} {_default(default)}".strip(), 2)
    return "\n".join(lines)


def settings_help() -> str:
    """Every setting with type, default and what is possible, by the class that it is of."""
    lines = ["settings, as in --config.sleep.steps=800: type, default, what is possible"]
    registries, described = _registries(), describe(Config)
    for group in dict.fromkeys(name.rpartition(".")[0] for name in described):
        of_group = get_type_hints(Config)[group] if group else Config
        explained = inspect.cleandoc(of_group.__doc__ or "").partition("\n\nRaises:")[0]
        lines += ["", textwrap.indent(explained, "  "), ""]
        for name, setting in described.items():
            if name.rpartition(".")[0] == group:
                possible = setting.possible
                if name in registries:
                    possible = f"parts, see below: {', '.join(registries[name].names())}"
                text = f"{kind_in_words(setting.kind)}, {setting.default!r}; {possible}"
                lines += _entry(name, text, 2)
    return "\n".join(lines)


def parts_help() -> str:
    """The registered parts, by the setting that names them, with their own settings."""
    lines = ["parts by name, with settings in parentheses: --config.network='resnet8(width=32)'"]
    for setting, parts in _registries().items():
        lines += ["", f"  {setting}"]
        for name in parts.names():
            part = parts.get(name)
            lines += _entry(name, _says(part), INDENT)
            for own, one in describe(part).items():  # pyright: ignore[reportArgumentType]
                lines.append(f"{'':{INDENT + 4}}{_assigned(own, one)}")
    return "\n".join(lines)


def configs_help() -> str:
    """The packaged configs, with what they say of themselves."""
    lines = [
        "packaged configs, as in --config=smoke; NAME:smoke: one of a published protocol in small"
    ]
    for name in packaged.names():
        lines += _entry(name, packaged.first_line(name), 2)
    return "\n".join(lines)


def _registries() -> dict[str, Registry]:
    """All registries by the setting that names their parts."""
    found = [one for one in vars(registry).values() if isinstance(one, Registry)]
    return {one.setting: one for one in found}


def _says(part: object) -> str:
    """The first line of a class's own docstring."""
    text = inspect.getdoc(part) or ""
    # A dataclass without one is given its signature.
    made = text.startswith(f"{getattr(part, '__name__', '')}(")
    return "" if made else text.partition("\n")[0]


def _assigned(name: str, setting: Setting) -> str:
    return f"{name}={setting.default!r}: {kind_in_words(setting.kind)}, {setting.possible}"


def _default(text: str) -> str:
    return f"(default: {text.strip(chr(39))})" if text else ""


def _entry(name: str, text: str, indent: int) -> list[str]:
    """A name and what is said of it, beside it where it is short."""
    column = indent + 27
    head = f"{'':{indent}}{name}"
    body = textwrap.wrap(text, WIDTH - column) or [""]
    lines = [f"{'':{column}}{line}" for line in body]
    if len(head) < column:
        return [(head.ljust(column) + body[0]).rstrip(), *lines[1:]]
    return [head, *lines]
