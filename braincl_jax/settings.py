"""Settings: frozen dataclasses whose fields carry their own bounds.

    @settings("codec")
    class CodecConfig:
        width: int = at_least(1, default=24)
        learning_rate: float = positive(default=5e-3)

A field without a bound is a TypeError when the class is made, so that no setting can be left unchecked; a value of
another type, or out of bounds, is a ValueError when an object is made.
"""

import dataclasses
import difflib
import math
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar, dataclass_transform

T = TypeVar("T")
BOUND, GIVEN, PREFIX = "bound", "given", "__settings_prefix__"


@dataclasses.dataclass(frozen=True)
class Bound:
    """What a setting may be.

    Attributes:
        possible: in words, as in "must be at least 1".
        admits: whether a value of the field's type is possible.
        resolve: the value as it is kept.
        parts: the registry of the parts that a value may name, if it names parts.
    """

    possible: str
    admits: Callable[[Any], bool]
    resolve: Callable[[Any], Any] = lambda value: value
    parts: Any = None


def bounded(bound: Bound, *, default: Any) -> Any:
    """A field with that bound."""
    return dataclasses.field(default=default, metadata={BOUND: bound})


def at_least(least: float, *, default: Any) -> Any:
    """A finite number from `least` on."""
    possible = f"at least {least}" + (" and finite" if isinstance(default, float) else "")
    return bounded(Bound(possible, lambda v: least <= v < math.inf), default=default)


def between(least: float, most: float, *, default: Any) -> Any:
    """A number from `least` to `most`, both included."""
    return bounded(
        Bound(f"between {least} and {most}", lambda v: least <= v <= most), default=default
    )


def each_between(least: int, most: int, *, default: tuple[int, ...]) -> Any:
    """Any number of numbers, each from `least` to `most`, both included."""
    possible = f"numbers between {least} and {most}"
    return bounded(
        Bound(possible, lambda values: all(least <= v <= most for v in values)), default=default
    )


def positive(*, default: float) -> Any:
    """A finite number above 0."""
    return bounded(
        Bound("positive and finite", lambda v: math.isfinite(v) and v > 0), default=default
    )


def fraction(*, default: float) -> Any:
    """A number from 0 to just below 1."""
    return bounded(Bound("at least 0 and below 1", lambda v: 0 <= v < 1), default=default)


def one_of(choices: Sequence[Any], *, default: Any) -> Any:
    """One of a few values."""
    return bounded(
        Bound(f"one of {', '.join(map(str, choices))}", lambda v: v in choices), default=default
    )


def anything(*, default: Any) -> Any:
    """Any value of the field's type; what is wrong with it, whoever uses it says."""
    return bounded(Bound("anything", lambda v: True), default=default)


def nested(*, default_factory: Callable[[], Any]) -> Any:
    """Settings inside settings."""
    return dataclasses.field(default_factory=default_factory)


def given() -> Any:
    """A field that is no setting: who makes the object hands it in."""
    return dataclasses.field(kw_only=True, metadata={GIVEN: True}, repr=False, compare=False)


@dataclass_transform(
    frozen_default=True,
    eq_default=True,
    field_specifiers=(
        bounded,
        at_least,
        between,
        each_between,
        positive,
        fraction,
        one_of,
        anything,
        nested,
        given,
        dataclasses.field,
    ),
)
def settings(prefix: str = "") -> Callable[[type[T]], type[T]]:
    """Decorator that makes a class a frozen dataclass of checked settings.

    Args:
        prefix: what errors put before a field's name, such as "codec" for `codec.width`.

    Raises:
        TypeError: a field that is neither a bool, nor settings of their own, nor `given`, has no bound; or there is a
            `__post_init__` where `check_together` is meant.
    """

    def decorate(cls: type[T]) -> type[T]:
        if "__post_init__" in vars(cls):
            raise TypeError(
                f"{cls.__name__}: what __post_init__ checks belongs into check_together"
            )
        setattr(cls, PREFIX, prefix + "." if prefix else "")
        cls.__post_init__ = _check_object  # pyright: ignore[reportAttributeAccessIssue]
        made = dataclasses.dataclass(frozen=True)(cls)
        hints = typing.get_type_hints(made)
        for field in dataclasses.fields(typing.cast(Any, made)):
            checked = BOUND in field.metadata or GIVEN in field.metadata
            if not (checked or hints[field.name] is bool or _is_settings(hints[field.name])):
                raise TypeError(
                    f"{cls.__name__}.{field.name} has no bound: give it one of at_least, between, ..., anything"
                )
        return made

    return decorate


def _is_settings(kind: Any) -> bool:
    return dataclasses.is_dataclass(kind) and hasattr(kind, PREFIX)


def _check_object(self: Any) -> None:
    names = [field.name for field in setting_fields(type(self))]
    values = check(type(self), {name: getattr(self, name) for name in names})
    for name, value in values.items():
        object.__setattr__(self, name, value)
    together = getattr(self, "check_together", None)
    if together is not None:
        together()


def setting_fields(cls: type) -> list[dataclasses.Field]:
    """The fields of a settings class that are settings."""
    return [f for f in dataclasses.fields(typing.cast(Any, cls)) if GIVEN not in f.metadata]


def check(cls: type, values: Mapping[str, Any], prefix: str | None = None) -> dict[str, Any]:
    """The given values, as they are kept.

    Args:
        cls: a settings class.
        values: by name; what is missing keeps its default.
        prefix: what errors put before names, the one of the class by default.

    Raises:
        ValueError: an unknown name, a wrong type or an impossible value; the message says what is possible.
    """
    prefix = str(getattr(cls, PREFIX)) if prefix is None else prefix
    fields = {field.name: field for field in setting_fields(cls)}
    hints = typing.get_type_hints(cls)
    kept = {}
    for name, value in values.items():
        if name not in fields:
            close = difflib.get_close_matches(name, fields, n=1)
            hint = f"; did you mean {prefix}{close[0]}?" if close else "."
            known = ", ".join(prefix + key for key in fields) or "none"
            raise ValueError(f"unknown setting {prefix}{name}={value!r}{hint} Known: {known}")
        value = _typed(hints[name], value, prefix + name)
        bound = fields[name].metadata.get(BOUND)
        if bound is not None:
            if not bound.admits(value):
                raise ValueError(
                    f"{prefix}{name}={value!r} is impossible: it must be {bound.possible}"
                )
            value = bound.resolve(value)
        kept[name] = value
    return kept


def _typed(kind: Any, value: Any, name: str) -> Any:
    """`value` as the type of a field; whole numbers pass as floats and lists as tuples."""
    if _is_settings(kind):
        if isinstance(value, kind):
            return value
        if not isinstance(value, Mapping):
            raise ValueError(f"{name}={value!r} must hold settings of its own")
        return kind(**check(kind, value))
    if kind is float and type(value) is int:
        try:
            return float(value)
        except OverflowError:
            raise ValueError(f"{name} is impossible: it is no number that a float can be") from None
    if isinstance(kind, types.GenericAlias):  # tuple[X, ...]
        if not isinstance(value, list | tuple):
            raise ValueError(f"{name}={value!r} must be a tuple")
        return tuple(_typed(kind.__args__[0], one, name) for one in value)
    if type(value) is not kind:
        raise ValueError(
            f"{name}={value!r} must be of type {kind.__name__}, not {type(value).__name__}"
        )
    return value


class Setting(NamedTuple):
    """What there is to say of a setting.

    Attributes:
        kind: its type.
        default: its value where nothing else is said.
        possible: what it may be, in words.
    """

    kind: Any
    default: Any
    possible: str


def describe(cls: type) -> dict[str, Setting]:
    """The settings of a class by name, those inside others too, as "codec.width"."""
    hints, described = typing.get_type_hints(cls), {}
    for field in setting_fields(cls):
        kind, bound = hints[field.name], field.metadata.get(BOUND)
        if _is_settings(kind):
            described |= {f"{field.name}.{name}": one for name, one in describe(kind).items()}
        else:
            possible = "true or false" if bound is None else bound.possible
            described[field.name] = Setting(kind, field.default, possible)
    return described


def kind_in_words(kind: Any) -> str:
    """A type as a person writes it: "int", "tuple of str"."""
    if isinstance(kind, types.GenericAlias):
        return f"tuple of {kind_in_words(kind.__args__[0])}"
    return kind.__name__
