"""A damaged string is an error that names its slot, never a noise image."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax import parts, pipeline
from braincl_jax.memory.block import store
from braincl_jax.memory.block.integrity import CorruptMemoryError, check_intact
from braincl_jax.memory.recall import recall_slots
from braincl_jax.types import Draw

SLOT = 5


@pytest.fixture(scope="module")
def damaged(diary):
    """The last state of a brain, with one bit flipped in the string of slot 5."""
    state = diary.after[1, "transfer"]
    stored = state.memory.long_term
    lengths = store.read_entries(stored, diary.method.layout.format).lengths
    last = int(lengths[: SLOT + 1].sum()) - 1
    words = stored.words.at[last].set(stored.words[last] ^ 4)
    stored = stored.replace(words=words)
    return state.replace(memory=state.memory.replace(long_term=stored))


def test_a_flipped_bit_in_any_string_shows_in_the_metrics_of_replay(diary):
    state = diary.after[1, "transfer"]
    stored = state.memory.long_term
    lengths = np.asarray(store.read_entries(stored, diary.method.layout.format).lengths).sum(-1)
    starts = (np.cumsum(lengths) - lengths)[lengths > 0]
    words = np.array(stored.words)
    words[starts + 1] ^= 1
    memory = state.memory.replace(long_term=stored.replace(words=jnp.asarray(words)))
    _, metrics = diary.steps["replay"](state.replace(memory=memory), None)
    slot = int(metrics["corrupt_slot"])
    assert 0 <= slot < len(starts)
    with pytest.raises(CorruptMemoryError, match=rf"slot {slot} "):
        check_intact(slot)


def test_replay_of_intact_strings_reports_no_slot(diary):
    _, metrics = diary.steps["replay"](diary.after[1, "transfer"], None)
    assert int(metrics["corrupt_slot"]) == -1
    check_intact(-1)


def test_replay_names_exactly_the_damaged_slot_that_was_drawn(diary, damaged):
    def always_the_same(key, index, num_classes, num_groups, group_size):
        del key, num_classes
        slot = jnp.full((num_groups, group_size), SLOT - 1).at[-1, -1].set(SLOT)
        return Draw(index.task[slot[:, 0]], slot, jnp.ones(slot.shape))

    parts = dataclasses.replace(diary.method.parts, sampler=always_the_same)
    method = dataclasses.replace(diary.method, parts=parts)
    _, metrics = jax.jit(pipeline.replay(method))(damaged, None)
    assert int(metrics["corrupt_slot"]) == SLOT


def test_looking_at_memory_raises_for_the_damaged_slot_and_no_other(diary, damaged):
    recall = jax.jit(functools.partial(parts.recall, diary.method.layout))
    others = np.setdiff1d(np.arange(9), [SLOT])
    images = recall_slots(recall, damaged.memory, 0, others)
    intact = recall_slots(recall, diary.after[1, "transfer"].memory, 0, others)
    np.testing.assert_array_equal(images, intact)
    with pytest.raises(CorruptMemoryError, match=rf"slot {SLOT} "):
        recall_slots(recall, damaged.memory, 0, np.arange(9))


def test_a_flipped_bit_in_a_decoder_shows_in_the_metrics_of_replay(diary):
    state, format = diary.after[1, "transfer"], diary.method.layout.format
    words = np.array(state.memory.long_term.words)
    # A word of each task's record.
    words[[-5, -5 - format.record_words]] ^= 1
    stored = state.memory.long_term.replace(words=jnp.asarray(words))
    damaged = state.replace(memory=state.memory.replace(long_term=stored))
    _, metrics = diary.steps["replay"](damaged, None)
    slot = int(metrics["corrupt_slot"])
    with pytest.raises(CorruptMemoryError, match=rf"slot {slot} .* decoder, is damaged"):
        check_intact(slot)
