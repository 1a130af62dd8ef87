"""Keys by name, progress, counters."""

import zlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.state import (
    Consolidation,
    Memory,
    Progress,
    named_key,
    phase_id,
    without_prefetched,
)


def bits(key) -> list[int]:
    return jax.random.key_data(key).tolist()


def test_a_named_key_is_folded_from_the_checksum_of_the_name_and_then_the_indices():
    root = jax.random.key(7)
    by_hand = jax.random.fold_in(jax.random.fold_in(root, zlib.crc32(b"replay")), 3)
    assert bits(named_key(root, "replay", 3)) == bits(by_hand)


def test_names_and_indices_give_keys_of_their_own():
    root = jax.random.key(7)
    keys = [("a",), ("b",), ("a", 0), ("a", 1), ("a", 0, 1), ("a", 1, 0)]
    assert len({tuple(bits(named_key(root, *key))) for key in keys}) == len(keys)


def test_a_phase_is_known_by_its_name_alone():
    assert int(phase_id("replay")) == zlib.crc32(b"replay")
    assert phase_id("replay").dtype == jnp.uint32


def test_a_phase_counts_from_nought_in_every_task():
    progress = Progress(task=jnp.int32(0), phase=phase_id("replay"), step=jnp.int32(7))
    assert int(progress.steps_done("replay")) == 7
    assert int(progress.steps_done("encode")) == 0
    assert int(progress.advance("replay").step) == 8
    other = progress.advance("start")
    assert (int(other.step), int(other.phase)) == (1, int(phase_id("start")))
    # Back again: what was done before the other phase is forgotten.
    assert int(other.steps_done("replay")) == 0
    assert int(other.task) == 0


def test_examples_are_counted_by_kind():
    steering = Consolidation.initial(2).replace(
        examples={"wake": jnp.int32(5), "sleep": jnp.int32(1)}
    )
    counted = steering.count("wake", 16).examples
    assert {name: int(number) for name, number in counted.items()} == {"wake": 21, "sleep": 1}
    with pytest.raises(KeyError):
        steering.count("dream", 1)


def test_a_checkpoint_leaves_out_what_was_prefetched(diary):
    state = diary.after[1, "replay"]
    assert state.memory.prefetched is not None
    left = without_prefetched(state)
    assert left.memory == Memory(state.memory.working, state.memory.long_term, None)
    assert left.replace(memory=state.memory) == state
    sizes = [sum(np.size(leaf) for leaf in jax.tree.leaves(one.memory)) for one in (state, left)]
    assert sizes[1] < sizes[0]
