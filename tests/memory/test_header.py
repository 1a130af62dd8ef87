"""The header of a memory file: what follows from a few facts is rebuilt, not believed."""

import json

import pytest

from braincl_jax.build import build_method
from braincl_jax.config import CodecConfig, Config
from braincl_jax.memory.codec.transforms import ANALYSIS
from braincl_jax.memory.cue_layout import CueLayout
from braincl_jax.memory.header import describe, understood
from braincl_jax.types import StreamSpec

BUDGET = 16_000
SPEC = StreamSpec.of_equal_tasks((8, 12, 3), num_classes=4, task_sizes=(8, 8, 8))


@pytest.fixture(scope="module", params=["nothing", "trunk", "codec", "all"])
def layout(request) -> CueLayout:
    codec = CodecConfig(latent_channels=4, width=4, analysis_width=4, shared=request.param)
    layout = build_method(Config(budget_bytes=BUDGET, codec=codec), SPEC).layout
    assert isinstance(layout, CueLayout)
    return layout


@pytest.fixture
def header(layout) -> dict:
    said = describe(layout.format, layout.settings, SPEC.image_shape, (2, 0, 3, 1))
    return json.loads(json.dumps(said))


def test_what_is_described_is_understood_as_it_was(layout, header):
    format, codec, order = understood(header, layout.format.num_words, 3)
    facts = ("latent_shape", "lanes", "num_classes", "num_tasks", "num_slots", "num_words")
    for name in (*facts, "max_words", "record", "trunk"):
        assert getattr(format, name) == getattr(layout.format, name), name
    # Of a g_a that is not stored, the header tells nothing.
    stored = (
        "synthesis",
        "latent_shape",
        "trunk",
        *(name for name in codec.trunk if name == ANALYSIS),
    )
    for name in stored:
        assert getattr(codec, name) == getattr(layout.codec, name), name
    assert order == (2, 0, 3, 1)
    # Once more, it is the same object: what was compiled for it is found again.
    assert understood(dict(reversed(header.items())), format.num_words, 3).format is format


def test_every_field_is_needed_and_none_may_be_added(layout, header):
    for name in header:
        if name not in ("name", "version"):
            with pytest.raises(ValueError, match=name):
                understood(
                    {k: v for k, v in header.items() if k != name}, layout.format.num_words, 3
                )
    with pytest.raises(ValueError, match="colour is 3; the rest of the header makes it null"):
        understood(header | {"colour": 3}, layout.format.num_words, 3)


@pytest.mark.parametrize("value", [None, 0, -1, 1.0, True, "4", [], {}, 10**30, float("nan")])
def test_no_field_may_be_of_another_kind(layout, header, value):
    for name in header:
        if json.dumps(value) == json.dumps(header[name]):
            continue
        with pytest.raises(ValueError, match=rf"{name}|class_order|codec"):
            understood(header | {name: value}, layout.format.num_words, 3)
