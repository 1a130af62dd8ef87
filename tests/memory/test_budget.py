"""The byte budget: spent to the last byte and never exceeded."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from braincl_jax import build, config
from braincl_jax.memory import budget
from braincl_jax.memory.cue_layout import CueLayout
from braincl_jax.types import StreamSpec

SPEC = StreamSpec(image_shape=(12, 12, 1), num_classes=6, num_tasks=3, task_sizes=(40, 30, 50))


COSTS = {"count_bytes": 20, "trunk_words": 30, "record_words": 100, "cue_words": 9}


def test_a_plan_by_hand():
    # (5001 - 20) / 2 = 2490.5
    assert budget.plan_words(5001, num_tasks=4, **COSTS) == 2490


@given(
    st.integers(0, 10_000),
    st.integers(1, 20),
    st.integers(0, 999),
    st.integers(1, 999),
    st.integers(1, 99),
)
def test_a_plan_spends_the_budget_to_the_last_word(
    left, num_tasks, trunk_words, record_words, cue_words
):
    least = trunk_words + num_tasks * (record_words + cue_words)
    total = 20 + 2 * least + left
    words = budget.plan_words(
        total,
        count_bytes=20,
        trunk_words=trunk_words,
        record_words=record_words,
        cue_words=cue_words,
        num_tasks=num_tasks,
    )
    assert total - 2 < 20 + 2 * words <= total
    assert words >= least


def test_a_budget_that_is_too_small_is_refused_with_what_is_needed():
    # 20 + 2 * (30 + 5 * (100 + 9)) = 1170
    match = (
        r"budget_bytes=1169 .* 5 tasks need 200 bytes each .* 60 bytes for what .* at least 1170"
    )
    with pytest.raises(ValueError, match=match):
        budget.plan_words(1169, num_tasks=5, **COSTS)
    assert budget.plan_words(1170, num_tasks=5, **COSTS) == 575


def test_a_budget_whose_words_int32_cannot_count_is_refused():
    # 2^31 words and the counts.
    with pytest.raises(ValueError, match=r"makes a block of 2147483648 words; at most 2147483647"):
        budget.plan_words(2**32 + 20, num_tasks=2, **COSTS)
    assert budget.plan_words(2**32 + 19, num_tasks=2, **COSTS) == 2**31 - 1


def test_a_cue_may_take_what_is_left_for_each_of_the_tasks_images():
    layout = cue_memory(20_001)
    memory = layout.init(jax.random.key(0))
    # 40, 30 and 50 images; nothing is stored yet: 40 / 120, 30 / 80 and all. An entry is one word.
    for task, (part, number) in enumerate(((1 / 3, 40), (3 / 8, 30), (1, 50))):
        cues = layout.format.num_words - (3 - task) * layout.format.record_words
        expected = int(cues * part) / number - 1
        np.testing.assert_allclose(layout.cue_words(memory, jnp.int32(task)), expected, 1e-6)


def test_where_short_strings_would_not_fit_either_fewer_are_meant_to_be_kept():
    # 8 words and an entry are 9 words; with 12 cues of that size in all, a third is for task 0: 4 cues of 40.
    layout = cue_memory(16 + 4 + 2 * 12 * 9, records=3)
    memory = layout.init(jax.random.key(0))
    assert float(layout.cue_words(memory, jnp.int32(0))) == 8


@pytest.mark.parametrize(
    ("largest", "dtype"),
    [(0, np.uint8), (255, np.uint8), (256, np.uint16), (65535, np.uint16), (65536, np.uint32)],
)
def test_smallest_unsigned_is_the_narrowest_that_holds_the_number(largest, dtype):
    assert budget.smallest_unsigned(largest) == dtype


def test_tree_bytes_counts_arrays_and_shapes_alike():
    tree = {"a": jnp.zeros((3, 5), jnp.uint16), "b": (jnp.zeros(7, jnp.int8), jnp.float32(0))}
    # 15 * 2 + 7 + 4
    assert budget.tree_bytes(tree) == 41
    assert budget.tree_bytes(jax.eval_shape(lambda: tree)) == 41


def cue_memory(budget_bytes, lanes=1, records=0):
    """The layout of a memory; the weight of `records` records is added to the budget."""
    codec = config.CodecConfig(latent_channels=4, width=4, analysis_width=4, lanes_per_image=lanes)

    def build_layout(budget_bytes) -> CueLayout:
        settings = config.Config(budget_bytes=budget_bytes, codec=codec)
        layout = build.build_method(settings, SPEC).layout
        assert isinstance(layout, CueLayout)
        return layout

    record_words = build_layout(20_000).format.record_words
    return build_layout(budget_bytes + 2 * records * record_words)


@pytest.mark.parametrize(("budget_bytes", "lanes"), [(12_000, 1), (20_001, 3)])
def test_the_memory_of_a_brain_weighs_its_budget(budget_bytes, lanes):
    layout = cue_memory(budget_bytes, lanes)
    memory = layout.init(jax.random.key(0))
    weight = sum(leaf.nbytes for leaf in jax.tree.leaves(memory.long_term))
    assert sum(layout.bill(memory).values()) == weight
    # Words have two bytes.
    assert budget_bytes - 2 < weight <= budget_bytes
    assert layout.num_stored(memory) == 0


def test_a_brain_without_room_for_its_decoders_is_refused():
    with pytest.raises(ValueError, match="budget_bytes=1000 is too small"):
        cue_memory(1000)
