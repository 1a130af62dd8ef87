"""The byte budget: spent to the last byte and never exceeded."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from braincl_jax import build, config
from braincl_jax.memory import budget
from braincl_jax.memory.cue_memory import CueMemory
from braincl_jax.types import StreamSpec

SPEC = StreamSpec(image_shape=(12, 12, 1), num_classes=6, num_tasks=3, task_sizes=(40, 30, 50))


def test_a_capacity_by_hand():
    # 1000 - 200 = 800 left; 800 // (2 + 16) = 44 slots; (800 - 44 * 2) / 2 = 356 words.
    costs = {"fixed_bytes": 200, "slot_bytes": 2, "min_string_bytes": 16, "num_tasks": 4}
    assert budget.plan_capacity(1000, num_images=99, **costs) == (44, 356)
    # With 10 images, 10 slots: (800 - 10 * 2) / 2 = 390 words.
    assert budget.plan_capacity(1000, num_images=10, **costs) == (10, 390)


@given(
    st.integers(0, 10_000),
    st.integers(0, 5000),
    st.integers(1, 9),
    st.integers(20, 1000),
    st.integers(1, 20),
)
def test_a_plan_spends_the_budget_to_the_last_word(left, fixed, slot_bytes, num_images, num_tasks):
    smallest = fixed + num_tasks * (slot_bytes + budget.MIN_STRING_BYTES)
    total = smallest + left
    slots, words = budget.plan_capacity(
        total,
        fixed_bytes=fixed,
        slot_bytes=slot_bytes,
        min_string_bytes=budget.MIN_STRING_BYTES,
        num_images=num_images,
        num_tasks=num_tasks,
    )
    assert total - 2 < fixed + slots * slot_bytes + 2 * words <= total
    assert num_tasks <= slots <= num_images
    assert 2 * words >= slots * budget.MIN_STRING_BYTES


def test_a_budget_that_is_too_small_is_refused_with_what_is_needed():
    def plan(budget_bytes):
        return budget.plan_capacity(
            budget_bytes,
            fixed_bytes=500,
            slot_bytes=3,
            min_string_bytes=16,
            num_images=100,
            num_tasks=5,
        )

    # 500 + 5 * (3 + 16) = 595
    with pytest.raises(ValueError, match=r"budget_bytes=594 .* at least 595") as error:
        plan(594)
    assert re.search(r"500 bytes, which leaves 94", str(error.value))
    assert plan(595).num_slots == 5


def test_a_budget_whose_words_int32_cannot_count_is_refused():
    with pytest.raises(ValueError, match=r"budget_bytes=5000000000 makes an arena .* 2147483647"):
        budget.plan_capacity(
            5_000_000_000,
            fixed_bytes=0,
            slot_bytes=2,
            min_string_bytes=16,
            num_images=10,
            num_tasks=2,
        )


def test_a_fair_share_is_rounded_down_and_the_last_one_is_all():
    assert budget.fair_share(jnp.int32(10), jnp.float32(1 / 3)) == 3
    # 2^25 + 1 is no float32: it would be rounded down by one.
    assert budget.fair_share(jnp.int32(33_554_433), jnp.float32(1)) == 33_554_433


def test_tasks_share_what_is_left_in_proportion_to_their_images():
    memory_part = parts_with(20_001).memory
    assert isinstance(memory_part, CueMemory)
    memory = memory_part.init(jax.random.key(0))
    num_words, num_slots = memory.long_term.words.size, memory.long_term.labels.size
    # 40, 30 and 50 images; nothing is stored yet: 40 / 120, 30 / 80 and all.
    for task, part in enumerate((1 / 3, 3 / 8, 1)):
        words, slots = memory_part.share(memory, jnp.int32(task))
        assert words == int(num_words * part)
        assert slots == int(num_slots * part)


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


def parts_with(budget_bytes, lanes=1):
    codec = config.CodecConfig(latent_channels=4, width=4, analysis_width=4, lanes_per_image=lanes)
    return build.build_parts(config.Config(budget_bytes=budget_bytes, codec=codec), SPEC)


@pytest.mark.parametrize(("budget_bytes", "lanes"), [(12_000, 1), (20_001, 3)])
def test_the_memory_of_a_brain_weighs_its_budget(budget_bytes, lanes):
    memory_part = parts_with(budget_bytes, lanes).memory
    memory = memory_part.init(jax.random.key(0))
    weight = sum(leaf.nbytes for leaf in jax.tree.leaves(memory.long_term))
    assert sum(memory_part.bill(memory).values()) == weight
    assert 0.99 * budget_bytes < weight <= budget_bytes
    assert memory_part.num_stored(memory) == 0


def test_a_brain_without_room_for_its_decoders_is_refused():
    with pytest.raises(ValueError, match="budget_bytes=1000 is too small"):
        parts_with(1000).memory.init(jax.random.key(0))
