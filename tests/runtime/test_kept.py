"""What a fork must keep is named, with both values, where it differs; of long values the beginning."""

import copy
from pathlib import Path

import pytest

from braincl_jax.runtime.kept import MOST_SHOWN, require_kept
from braincl_jax.runtime.record import Record


@pytest.fixture(scope="module")
def record(tiny_method):
    return Record(tiny_method.parts.config, tiny_method.parts.plan, "data")


def test_a_record_is_like_itself_and_other_settings_may_differ(record):
    stored = copy.deepcopy(record.to_mapping())
    stored["settings"]["sleep"]["steps"] += 1
    require_kept(stored, record, Path("there"))


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("settings", "seed"), 5, "seed 5 there, 0 here"),
        (
            ("settings", "budget_policy"),
            "open_ended",
            r"budget_policy open_ended there, planned\(remembered=1.0\) here",
        ),
        (("settings", "max_examples"), 7, "max_examples 7 there, 0 here"),
        (("data",), "others", "data others there, data here"),
        (("settings", "codec", "shared"), "codec", r"codec\.shared codec there, nothing here"),
        (("settings", "codec", "width"), 99, r"codec\.width 99 there"),
        (("plan", "class_order"), [3, 2, 1, 0], r"plan\.class_order \[3, 2, 1, 0\] there"),
    ],
)
def test_what_differs_is_named(place, value, message, record):
    stored = copy.deepcopy(record.to_mapping())
    *path, last = place
    at = stored
    for key in path:
        at = at[key]
    at[last] = value
    with pytest.raises(ValueError, match=f"--fork_from=there has {message}.* must keep seed"):
        require_kept(stored, record, Path("there"))


def test_long_values_are_cut(record):
    stored = copy.deepcopy(record.to_mapping())
    stored["plan"]["class_order"] = list(range(1000))
    with pytest.raises(ValueError, match="class_order") as error:
        require_kept(stored, record, Path("there"))
    assert "0, 1, 2" in str(error.value) and "..." in str(error.value)
    assert len(str(error.value)) < 700 + MOST_SHOWN
