"""Options in the names of sources."""

import pytest

from braincl_jax.data.sources.options import split_options

POSSIBLE = {"val": ("apart", "train"), "lists": ()}


def split(rest: str) -> tuple[str, dict[str, str]]:
    return split_options(f"mine:{rest}", rest, POSSIBLE)


def test_without_options_all_have_their_defaults():
    assert split("/data/a.npz") == ("/data/a.npz", {"val": "apart", "lists": ""})


def test_options_stand_behind_a_question_mark_in_any_order():
    wanted = ("/a", {"val": "train", "lists": "NC_inc/run0"})
    assert split("/a?val=train,lists=NC_inc/run0") == wanted
    assert split("/a?lists=NC_inc/run0,val=train") == wanted


def test_a_value_may_hold_an_equals_sign():
    assert split("/a?lists=x=1")[1]["lists"] == "x=1"


@pytest.mark.parametrize(
    "option", ["vall=train", "val=no", "val", "", "lists=", "val=train,val=train"]
)
def test_an_option_that_is_not_possible_is_refused_with_those_that_are(option):
    with pytest.raises(ValueError, match=r"mine:/a\?.* need PATH\?val=apart\|train,lists=TEXT"):
        split(f"/a?{option}")
