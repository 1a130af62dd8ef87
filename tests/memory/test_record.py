"""What a task leaves beside its strings: its weight is known before there is any."""

import dataclasses

import pytest

from braincl_jax.config import CodecConfig
from braincl_jax.memory.block import store
from braincl_jax.memory.budget import tree_bytes
from braincl_jax.memory.record import least_bytes, parts_words, record_shapes

SHAPE = (8, 12, 3)
SETTINGS = CodecConfig(num_stages=1, latent_channels=5, width=4, analysis_width=4, shared="nothing")


def test_the_shapes_of_a_record_by_hand():
    record, trunk = record_shapes(SETTINGS, SHAPE)
    assert trunk == store.NOTHING
    # Knots, reach, lowest, size; weights of 4 neighbours and of 10 pairs, twice, and the base.
    assert tree_bytes(record.table) == 5 * (33 * 2 + 3) + 2 * (5 * 4 + 10) + 5
    # Linear path of 2x2x3 numbers and a 3x3 convolution to as many, with scales and biases in float16; gains.
    assert tree_bytes(record.decoder) == 5 * 12 + 2 * 12 + 9 * 5 * 12 + 2 * 12 + 2 * 12 + 2 * 5


@pytest.mark.parametrize("shared", ["nothing", "decoder", "codec", "all"])
def test_all_parts_together_are_a_trunk_and_a_record_of_each_task(shared):
    settings = dataclasses.replace(SETTINGS, shared=shared)
    record, trunk = record_shapes(settings, SHAPE)
    expected = store.part_words(trunk) + 3 * store.part_words(record)
    assert parts_words(settings, SHAPE, 3) == expected


def test_where_all_is_shared_a_task_leaves_nothing_but_its_cues():
    settings = dataclasses.replace(SETTINGS, shared="all")
    record, trunk = record_shapes(settings, SHAPE)
    assert record == store.NOTHING and store.part_words(record) == 0
    assert trunk.table == record_shapes(SETTINGS, SHAPE)[0].table
    assert parts_words(settings, SHAPE, 1) == parts_words(settings, SHAPE, 1000)


@pytest.mark.parametrize("storage", ["int8", "bfloat16"])
@pytest.mark.parametrize("shared", ["nothing", "codec", "all"])
@pytest.mark.parametrize("stages", [1, 2, 3])
def test_what_a_part_weighs_at_least_is_less_than_it_weighs(storage, shared, stages):
    for channels in (1, 40):
        settings = CodecConfig(
            num_stages=stages, latent_channels=channels, width=1, storage=storage, shared=shared
        )
        assert least_bytes(settings, SHAPE) < 2 * parts_words(settings, SHAPE, 1)
