"""Parts by name: what a config may write, what is recorded of it, and what is refused."""

import hashlib
import importlib
import sys
import types

import pytest

from braincl_jax.config import Config, from_mapping
from braincl_jax.plan import resolve
from braincl_jax.registry import (
    EVALUATORS,
    Registry,
    brought_from_outside,
    import_plugins,
    named,
    named_each,
    parse,
)
from braincl_jax.settings import at_least, given, settings
from braincl_jax.types import StreamSpec

SPEC = StreamSpec.of_equal_tasks((8, 8, 1), num_classes=4, task_sizes=(6, 6))


@pytest.fixture
def shops(monkeypatch) -> Registry:
    """A registry of shops, whose home registers one when it is imported."""
    registry = Registry("shop", "home_of_shops")
    home = types.ModuleType("home_of_shops")
    monkeypatch.setitem(sys.modules, "home_of_shops", home)

    @registry.register("bakery")
    @settings()
    class Bakery:
        ovens: int = at_least(1, default=2)
        open: bool = True

    return registry


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bakery", ("bakery", {})),
        (" bakery ", ("bakery", {})),
        ("bakery()", ("bakery", {})),
        ("bakery(ovens=3, open=False)", ("bakery", {"ovens": 3, "open": False})),
        ("b(x=-1.5, y='a(b)', z=(1, 2), n=None)", ("b", dict(x=-1.5, y="a(b)", z=(1, 2), n=None))),
    ],
)
def test_a_text_is_a_name_with_settings(text, expected):
    assert parse(text, "shop") == expected


@pytest.mark.parametrize(
    "text",
    ["", "3", "a.b", "a(3)", "a(b=c)", "a(b=f(1))", "a(b=1", "a; b", "a(**{'b': 1})", "a()()"],
)
def test_anything_else_is_refused_and_never_run(text):
    with pytest.raises(ValueError, match=r"shop=.* must be NAME or NAME\(setting=value, \.\.\.\)"):
        parse(text, "shop")


def test_a_part_is_built_with_its_settings(shops):
    assert shops.build("bakery(ovens=5)").ovens == 5
    assert shops.build("bakery").ovens == 2
    assert shops.names() == ("bakery",)


def test_what_is_recorded_spells_all_settings_out(shops):
    assert shops.canonical("bakery(open=False)") == "bakery(ovens=2, open=False)"
    # It names the same part once more, and is recorded as it is.
    assert shops.canonical(shops.canonical("bakery")) == "bakery(ovens=2, open=True)"


def test_a_part_without_settings_is_recorded_by_its_name(shops):
    @shops.register("kiosk")
    @settings()
    class Kiosk:
        street: object = given()

    assert shops.canonical("kiosk()") == "kiosk"
    assert shops.build("kiosk", street="High Street").street == "High Street"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("bakry", r"shop='bakry' is unknown; did you mean bakery\? Known: bakery\. A part of your"),
        ("x", r"shop='x' is unknown\. Known: bakery\. A part of your own needs its module in `plu"),
        ("bakery(oven=3)", r"setting shop: bakery\.oven=3; did you mean shop: bakery\.ovens\?"),
        ("bakery(ovens=0)", r"shop: bakery\.ovens=0 is impossible: it must be at least 1"),
        ("bakery(ovens='2')", r"shop: bakery\.ovens='2' must be of type int, not str"),
    ],
)
def test_what_a_part_lacks_is_named(shops, text, message):
    for use in (shops.build, shops.canonical):
        with pytest.raises(ValueError, match=message):
            use(text)


def test_a_name_is_taken_only_once(shops):
    with pytest.raises(ValueError, match="shop: 'bakery' is registered already"):

        @shops.register("bakery")
        @settings()
        class Other:
            pass


def test_what_settings_have_not_seen_is_a_type_error():
    class Plain:
        pass

    class Kiosk(Plain):
        size: int = at_least(1, default=3)

    @settings()
    class Bare:
        pass

    class Grown(Bare):
        size: int = at_least(1, default=3)

    class Renamed(Bare):
        pass

    registry = Registry("shop", "sys")
    for cls in (Plain, Kiosk, Grown):
        with pytest.raises(
            TypeError, match=f"shop: 'kiosk' must be a settings.*class {cls.__name__}"
        ):
            registry.register("kiosk")(cls)
    # Without fields of its own a class needs no more than its base has.
    registry.register("kiosk")(Renamed)
    assert registry.canonical("kiosk") == "kiosk"


def test_a_module_that_is_loaded_again_registers_its_own_parts_once_more(shops):
    old = shops.get("bakery")
    again = type("Again", (old,), {"__module__": old.__module__, "__qualname__": old.__qualname__})  # pyright: ignore
    shops.register("bakery")(again)
    assert shops.get("bakery") is again


@pytest.mark.parametrize("name", ["two words", "a-b", "", "3d", "a(b)"])
def test_a_name_that_no_config_can_write_is_refused(shops, name):
    with pytest.raises(ValueError, match="is no name"):
        shops.register(name)


def test_a_setting_that_names_a_part_is_kept_spelt_out(shops):
    @settings()
    class Town:
        shop: str = named(shops, default="bakery")
        others: tuple[str, ...] = named_each(shops, default=("bakery(open=False)",))

    town = Town()
    assert town.shop == "bakery(ovens=2, open=True)"
    assert town.others == ("bakery(ovens=2, open=False)",)
    with pytest.raises(ValueError, match="shop='butcher' is unknown"):
        Town(others=("bakery", "butcher"))


SOURCE = """
from braincl_jax.registry import EVALUATORS
from braincl_jax.settings import at_least, settings

@EVALUATORS.register("mine")
@settings()
class Mine:
    number: int = at_least(0, default=3)
"""


def test_a_plugin_registers_what_it_brings_and_is_known_by_its_bytes(plugin):
    with pytest.raises(ValueError, match="'mine' is unknown"):
        EVALUATORS.canonical("mine")
    name = plugin(SOURCE)
    assert import_plugins([name]) == {name: hashlib.sha256(SOURCE.encode()).hexdigest()}
    assert EVALUATORS.canonical("mine") == "mine(number=3)"


def test_a_plugin_that_there_is_not_is_an_error_with_a_hint():
    with pytest.raises(ValueError, match=r"plugins: cannot import 'no_such_plugin'.*importable"):
        import_plugins(["no_such_plugin"])


def test_a_folder_is_no_plugin(plugin, tmp_path):
    plugin("")
    (tmp_path / "just_a_folder").mkdir()
    with pytest.raises(ValueError, match="'just_a_folder' is a folder without __init__"):
        import_plugins(["just_a_folder"])


def test_code_of_your_own_that_is_no_plugin_is_known_by_its_bytes_where_settings_name_it(plugin):
    name = plugin(SOURCE)
    importlib.import_module(name)  # as a script would, without naming it in the config
    source = hashlib.sha256(SOURCE.encode()).hexdigest()
    own = from_mapping({"evaluators": ["accuracy", "mine(number=5)"]})
    assert brought_from_outside(own) == {name: source}
    assert resolve(own, SPEC).plugins == {name: source}
    assert brought_from_outside(Config()) == {}


def test_settings_inside_settings_may_name_code_of_your_own(plugin):
    name = plugin(
        SOURCE.replace("EVALUATORS", "SAMPLERS").replace('"mine"', '"my_order"'), name="my_order"
    )
    importlib.import_module(name)
    assert list(brought_from_outside(from_mapping({"sleep": {"sampler": "my_order"}}))) == [name]


def test_code_that_was_typed_in_is_told_though_nobody_can_read_it(plugin, monkeypatch):
    name = plugin(SOURCE)
    monkeypatch.delattr(importlib.import_module(name), "__file__")
    assert brought_from_outside(from_mapping({"evaluators": ["mine"]})) == {name: "unknown"}
