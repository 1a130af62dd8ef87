"""Settings: no field without a bound, no value out of it, and each error says what is possible."""

import dataclasses
import math

import pytest

from braincl_jax.settings import (
    Bound,
    anything,
    at_least,
    between,
    bounded,
    check,
    each_between,
    fraction,
    given,
    nested,
    one_of,
    positive,
    setting_fields,
    settings,
)


@settings("dough")
class Dough:
    grams: int = at_least(1, default=500)
    share: float = fraction(default=0.5)
    names: tuple[str, ...] = anything(default=())
    rests: tuple[int, ...] = each_between(1, 90, default=())
    sour: bool = False


@settings()
class Oven:
    rack: object = given()
    degrees: float = between(50, 300, default=220)
    minutes: float = positive(default=40)
    mode: str = one_of(("steam", "fan"), default="fan")
    dough: Dough = nested(default_factory=Dough)

    def check_together(self) -> None:
        if self.mode == "steam" and self.dough.sour:
            raise ValueError("mode='steam' is impossible where dough.sour=True")


def oven(**values) -> Oven:
    return Oven(**values, rack=None)


def test_defaults_are_kept_and_made_of_the_fields_type():
    assert dataclasses.asdict(oven()) == {
        "degrees": 220.0,
        "minutes": 40.0,
        "mode": "fan",
        "dough": {"grams": 500, "share": 0.5, "names": (), "rests": (), "sour": False},
        "rack": None,
    }
    assert type(oven().degrees) is float


def test_a_field_without_a_bound_is_a_type_error_when_the_class_is_made():
    with pytest.raises(TypeError, match=r"Loose\.number has no bound"):

        @settings()
        class Loose:
            number: int = 3


def test_a_bool_needs_no_bound():
    @settings()
    class Flag:
        up: bool = True

    assert Flag(up=False).up is False


@pytest.mark.parametrize(
    ("cls", "values"),
    [
        (Dough, {"grams": 1}),
        (Dough, {"share": 0.0}),
        (Dough, {"names": ["rye", "spelt"]}),
        (oven, {"degrees": 50}),
        (oven, {"degrees": 300}),
        (oven, {"minutes": 1e-9}),
        (oven, {"mode": "steam"}),
        (oven, {"dough": {"grams": 7}}),
    ],
)
def test_the_ends_of_a_bound_are_possible(cls, values):
    made = cls(**values)
    ((name, value),) = values.items()
    kept = getattr(made, name)
    assert kept == (
        Dough(grams=7) if name == "dough" else tuple(value) if name == "names" else value
    )


@pytest.mark.parametrize(
    ("cls", "values", "message"),
    [
        (Dough, {"grams": 0}, r"^dough.grams=0 is impossible: it must be at least 1$"),
        (Dough, {"share": 1.0}, r"^dough.share=1.0 is impossible: it must be at least 0 and below"),
        (Dough, {"share": -0.1}, r"^dough.share=-0.1 is impossible"),
        (Dough, {"share": math.nan}, r"^dough.share=nan is impossible"),
        (Dough, {"grams": 2.0}, r"^dough.grams=2.0 must be of type int, not float$"),
        (Dough, {"grams": True}, r"^dough.grams=True must be of type int, not bool$"),
        (Dough, {"sour": 1}, r"^dough.sour=1 must be of type bool, not int$"),
        (Dough, {"names": "rye"}, r"^dough.names='rye' must be a tuple$"),
        (Dough, {"names": (1,)}, r"^dough.names=1 must be of type str, not int$"),
        (
            Dough,
            {"rests": (30, 91)},
            r"^dough.rests=\(30, 91\) .* must be numbers between 1 and 90$",
        ),
        (Dough, {"rests": (0,)}, r"^dough.rests=\(0,\) is impossible"),
        (Dough, {"rests": (1.5,)}, r"^dough.rests=1.5 must be of type int, not float$"),
        (oven, {"degrees": 300.5}, r"^degrees=300.5 is impossible: it must be between 50 and 300$"),
        (oven, {"degrees": math.nan}, r"^degrees=nan is impossible"),
        (oven, {"minutes": 0}, r"^minutes=0.0 is impossible: it must be positive and finite$"),
        (oven, {"minutes": math.inf}, r"^minutes=inf is impossible"),
        (oven, {"mode": "grill"}, r"^mode='grill' is impossible: it must be one of steam, fan$"),
        (oven, {"dough": {"grams": 0}}, r"^dough.grams=0 is impossible"),
        (oven, {"dough": 3}, r"^dough=3 must hold settings of its own$"),
        (oven, {"mode": "steam", "dough": {"sour": True}}, r"^mode='steam' is impossible where"),
    ],
)
def test_what_is_impossible_is_named_with_what_is_possible(cls, values, message):
    with pytest.raises(ValueError, match=message):
        cls(**values)


def test_infinity_is_at_least_nothing():
    @settings()
    class Weight:
        tons: float = at_least(0, default=1)

    with pytest.raises(ValueError, match="tons=inf is impossible"):
        Weight(tons=math.inf)


def test_replacing_a_value_checks_it_too():
    with pytest.raises(ValueError, match=r"dough\.grams=0"):
        dataclasses.replace(Dough(), grams=0)


def test_settings_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Dough().grams = 3  # pyright: ignore


def test_a_value_is_kept_as_its_bound_resolves_it():
    @settings()
    class Even:
        number: int = bounded(
            Bound("any number", lambda v: True, resolve=lambda v: v - v % 2), default=3
        )

    assert Even().number == 2
    assert Even(number=7).number == 6


def test_an_unknown_setting_is_named_with_the_likely_one_and_all_there_are():
    with pytest.raises(
        ValueError, match=r"dough\.gram=3; did you mean dough\.grams\? Known: dough"
    ):
        check(Dough, {"gram": 3})
    with pytest.raises(
        ValueError, match=r"unknown setting yeast=3\. Known: degrees, minutes, mode"
    ):
        check(Oven, {"yeast": 3})
    with pytest.raises(ValueError, match=r"unknown setting my: gram=3; did you mean my: grams\?"):
        check(Dough, {"gram": 3}, prefix="my: ")


def test_what_is_given_is_no_setting():
    assert [field.name for field in setting_fields(Oven)] == ["degrees", "minutes", "mode", "dough"]
    with pytest.raises(ValueError, match="unknown setting rack=4"):
        check(Oven, {"rack": 4})
    made = Oven(rack="the upper one")
    assert made.rack == "the upper one"
    # Nor does it tell two objects apart.
    assert made == oven()
    assert "rack" not in repr(made)


def test_a_subclass_has_the_settings_of_its_base_and_its_own():
    @settings()
    class Pizza(Dough):
        topping: str = one_of(("cheese", "none"), default="none")

    pizza = Pizza(grams=200, topping="cheese")
    assert (pizza.grams, pizza.topping) == (200, "cheese")
    with pytest.raises(ValueError, match=r"grams=0 is impossible"):
        Pizza(grams=0)
