"""The byte budget: spent to the last byte and never exceeded."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from braincl_jax.memory import budget

COSTS: dict[str, Any] = {
    "count_bytes": 20,
    "trunk_words": 30,
    "record_words": 100,
    "cue_words": lambda size: 9,
}


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
        cue_words=lambda size: cue_words,
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


def test_what_is_asked_for_is_enough_where_entries_get_wider_with_it():
    wider: dict[str, Any] = COSTS | {"cue_words": lambda size: 9 + (size >= 1170)}
    # 1170 would do if entries stayed as they are: 20 + 2 * (30 + 5 * (100 + 10)) = 1180
    with pytest.raises(ValueError, match="at least 1180 bytes in all"):
        budget.plan_words(1169, num_tasks=5, **wider)


def test_a_budget_whose_words_int32_cannot_count_is_refused():
    # 2^31 words and the counts.
    with pytest.raises(
        ValueError,
        match=r"a block of 2147483648 words; at most 2147483647 .* to 4294967314 or less",
    ):
        budget.plan_words(2**32 + 20, num_tasks=2, **COSTS)
    for most in (4_294_967_314, 2**32 + 19):
        assert budget.plan_words(most, num_tasks=2, **COSTS) == 2**31 - 1


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
