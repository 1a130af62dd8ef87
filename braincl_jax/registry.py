"""Parts by name: what a config names and a researcher adds.

A part is a class of settings (`settings.settings`), registered under a name. A config names it with the settings that
differ from their defaults, in Python's own notation:

    crop_flip_noise                      crop_flip_noise(noise=25.0, flip=False)

Her own module registers parts in the same way; `config.plugins` names it, and whoever reads the config imports it.
"""

import ast
import difflib
import hashlib
import importlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import Field
from pathlib import Path
from typing import Any, Generic, TypeVar

from braincl_jax.settings import BOUND, PREFIX, Bound, bounded, check, setting_fields

T = TypeVar("T")
C = TypeVar("C", bound=type)


class Registry(Generic[T]):
    """The parts that one setting may name."""

    def __init__(self, setting: str, home: str) -> None:
        """An empty registry.

        Args:
            setting: the name of the setting, for errors.
            home: the module that registers the package's own parts; it is imported at the first look-up.
        """
        self.setting, self._home = setting, home
        self._parts: dict[str, Callable[..., T]] = {}

    def register(self, name: str) -> Callable[[C], C]:
        """Decorator that makes a settings class known as `name`.

        Raises:
            ValueError: the name is taken, or cannot be written as one.
            TypeError: the class is no settings class, or has fields that `settings` has not seen.
        """
        if not name.isidentifier():
            raise ValueError(f"{self.setting}: {name!r} is no name: letters, digits and _ only")

        def add(part: C) -> C:
            unseen = [key for key, value in vars(part).items() if isinstance(value, Field)]
            if not hasattr(part, PREFIX) or unseen:
                raise TypeError(
                    f"{self.setting}: {name!r} must be a settings class: put @settings() right above class "
                    f"{part.__name__}, below @...register({name!r})"
                )
            known = self._parts.get(name)
            # A module that is reloaded registers its own parts once more.
            if known is not None and _origin(known) != _origin(part):
                raise ValueError(f"{self.setting}: {name!r} is registered already")
            self._parts[name] = part
            return part

        return add

    def names(self) -> tuple[str, ...]:
        """All names, sorted."""
        importlib.import_module(self._home)
        return tuple(sorted(self._parts))

    def get(self, name: str) -> Callable[..., T]:
        """The class registered as `name`.

        Raises:
            ValueError: there is none.
        """
        names = self.names()
        if name not in self._parts:
            close = difflib.get_close_matches(name, names, n=1)
            hint = f"; did you mean {close[0]}?" if close else "."
            raise ValueError(
                f"{self.setting}={name!r} is unknown{hint} Known: {', '.join(names)}. "
                "A part of your own needs its module in `plugins`"
            )
        return self._parts[name]

    def build(self, text: str, **given: Any) -> T:
        """The part that `text` names, with what the class wants to be `given`.

        Raises:
            ValueError: not a name with settings, an unknown name or setting, or an impossible value.
        """
        part, values = self._parse(text)
        return part(**values, **given)

    def canonical(self, text: str) -> str:
        """The same part with all its settings spelt out: what is recorded of a run.

        Raises:
            ValueError: as `build`.
        """
        part, values = self._parse(text)
        name = text.partition("(")[0].strip()
        defaults = {field.name: field.default for field in setting_fields(part)}  # pyright: ignore
        spelt = ", ".join(f"{key}={value!r}" for key, value in (defaults | values).items())
        return f"{name}({spelt})" if spelt else name

    def _parse(self, text: str) -> tuple[Callable[..., T], dict[str, Any]]:
        name, settings = parse(text, self.setting)
        part = self.get(name)
        return part, check(part, settings, prefix=f"{self.setting}: {name}.")  # pyright: ignore


def parse(text: str, setting: str) -> tuple[str, dict[str, Any]]:
    """'NAME(a=1, b="x")' -> NAME and its settings.

    Args:
        text: what a config says.
        setting: which setting says so, for errors.

    Raises:
        ValueError: it is not of that form.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        if isinstance(tree, ast.Name):
            return tree.id, {}
        if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and not tree.args:
            values = {one.arg: ast.literal_eval(one.value) for one in tree.keywords}
            if None not in values:  # as in NAME(**{...})
                return tree.func.id, {str(name): value for name, value in values.items()}
    except (SyntaxError, ValueError):
        pass
    raise ValueError(f"{setting}={text!r} must be NAME or NAME(setting=value, ...)")


def named(registry: Registry, *, default: str) -> Any:
    """A setting, str, that names a part of `registry`; it is kept with all settings spelt out."""
    return _named(registry, default, registry.canonical)


def named_each(registry: Registry, *, default: Sequence[str]) -> Any:
    """A setting, tuple[str, ...], that names several parts of `registry`."""
    return _named(registry, tuple(default), lambda texts: tuple(map(registry.canonical, texts)))


def _named(registry: Registry, default: Any, resolve: Callable[[Any], Any]) -> Any:
    possible = f"a part that {registry.setting} may name"
    bound = Bound(possible, lambda value: True, resolve, parts=registry)
    return bounded(bound, default=default)


def import_plugins(modules: Sequence[str]) -> dict[str, str]:
    """Imports a researcher's modules, which register what they bring.

    Returns:
        SHA-256 of the source of each, by name: a run is recorded with it.

    Raises:
        ValueError: there is no such module, or it has no source file.
    """
    digests = {}
    for name in modules:
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            raise ValueError(
                f"plugins: cannot import {name!r} ({error}); it must be importable from here, such as a module in the "
                "current folder or an installed package"
            ) from error
        if module.__file__ is None:
            raise ValueError(
                f"plugins: {name!r} is a folder without __init__.py: name the module itself"
            )
        digests[name] = _digest(Path(module.__file__))
    return digests


def brought_from_outside(config: Any) -> dict[str, str]:
    """SHA-256 of the source of every module outside the package that has registered a part which `config` names.

    Args:
        config: a settings object; settings inside it, and parts that other parts name, are looked at too.
    """
    names = [field.name for field in setting_fields(type(config))]
    return _brought(type(config), {name: getattr(config, name) for name in names})


def _brought(cls: Any, values: dict[str, Any]) -> dict[str, str]:
    digests, fields = {}, {field.name: field for field in setting_fields(cls)}
    for name, value in values.items():
        bound = fields[name].metadata.get(BOUND)
        if hasattr(type(value), PREFIX):
            digests |= brought_from_outside(value)
        elif bound is not None and bound.parts is not None:
            for text in (value,) if isinstance(value, str) else value:
                named, inner = parse(text, name)
                part = bound.parts.get(named)
                digests |= _home_outside(part) | _brought(part, inner)
    return digests


def _home_outside(part: Any) -> dict[str, str]:
    home = sys.modules[part.__module__]
    if home.__name__.partition(".")[0] == __name__.partition(".")[0]:
        return {}
    file = getattr(home, "__file__", None)
    # What was typed into an interpreter has no source that could be read.
    return {home.__name__: _digest(Path(file)) if file else "unknown"}


def _digest(source: Path) -> str:
    return hashlib.sha256(source.read_bytes()).hexdigest()


def _origin(part: Any) -> tuple[str, str]:
    return part.__module__, part.__qualname__


METHODS: Registry = Registry("method", "braincl_jax.methods")
EVALUATORS: Registry = Registry("evaluators", "braincl_jax.evaluators")
SAMPLERS: Registry = Registry("sleep.sampler", "braincl_jax.sleep")
AUGMENTATIONS: Registry = Registry("sleep.augmentation", "braincl_jax.sleep")
RECALL_ERRORS: Registry = Registry("codec.recall_error", "braincl_jax.memory.codec.recall_error")
BACKBONES: Registry = Registry("network", "braincl_jax.networks")
POLICIES: Registry = Registry("budget_policy", "braincl_jax.memory.policy")
FIGURES: Registry = Registry("figures", "braincl_jax.report.figures")
