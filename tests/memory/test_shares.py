"""Shares of a budget, beside what the memory itself says."""

import jax
import jax.numpy as jnp
import pytest

from braincl_jax.config import CodecConfig
from braincl_jax.memory.budget import tree_bytes
from braincl_jax.memory.shares import full_rows, task_shares


@pytest.mark.parametrize("policy", ["planned", "open_ended"])
def test_the_first_share_is_what_the_policy_allows_of_an_empty_memory(make_method, policy):
    layout = make_method(budget_policy=policy).layout
    memory = layout.init(jax.random.key(0))
    allowed = layout.policy.allowance(layout.funds(memory, jnp.int32(0)))
    assert task_shares(layout)[0] == 2 * int(allowed)


def test_planned_shares_are_equal_for_equal_tasks_and_take_all_that_cues_may(make_method):
    layout = make_method().layout
    first, last = task_shares(layout)
    assert abs(first - last) <= 2
    # Beside the cues' words there are counters: of two tasks, of records, and a checksum, which has a row of its own.
    assert first + last == full_rows(layout.format)["cues"] - 4 * 3


@pytest.mark.parametrize("shared", ["nothing", "trunk", "codec", "all"])
def test_the_rows_of_a_full_memory_are_all_of_its_arrays(make_method, tiny_config, shared):
    codec = CodecConfig(**(vars(tiny_config.codec) | {"shared": shared}))
    layout = make_method(codec=codec, budget_bytes=20_000).layout
    arrays = layout.init(jax.random.key(0)).long_term
    rows = full_rows(layout.format)
    assert sum(rows.values()) == tree_bytes(arrays)
    # An empty memory is billed the part that all tasks share, and nothing else of decoders.
    trunk = layout.bill(layout.init(jax.random.key(0)))["decoders"]
    assert rows["decoders"] == 2 * tree_bytes(layout.format.record.decoder) + trunk
    assert min(rows.values()) > 0
