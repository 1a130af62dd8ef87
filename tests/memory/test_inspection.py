"""A memory looked through: whatever is damaged is named, and nothing else."""

import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.memory import inspection
from braincl_jax.memory.block import store
from braincl_jax.memory.inspection import find_damages

IMPOSSIBLE, UNUSED = "the counts are impossible", "words of the block that no string"


@pytest.fixture(autouse=True)
def chunks_that_do_not_divide_a_task(monkeypatch):
    monkeypatch.setattr(inspection, "CHUNK", 20)


@pytest.fixture
def evening(diary):
    """One task of 48 cues in a block for two; (memory, format)."""
    return diary.after[0, "transfer"].memory.long_term, diary.method.layout.format


@pytest.fixture
def full(diary):
    """Two tasks of 48 cues: all slots are taken; (memory, format)."""
    return diary.after[1, "transfer"].memory.long_term, diary.method.layout.format


def flipped(memory, *places):
    words = np.array(memory.words)
    words[list(places)] ^= 4
    return memory.replace(words=jnp.asarray(words))


def with_count(memory, task, bit):
    counts = np.array(memory.task_counts)
    counts[task] ^= np.int64(1 << bit).astype(np.int32)
    return memory.replace(task_counts=jnp.asarray(counts))


def test_a_memory_as_it_was_written_has_no_damage(evening, full):
    assert find_damages(*evening) == []
    assert find_damages(*full) == []


@pytest.mark.parametrize("slot", [0, 20, 47, 48, 95])
def test_a_flipped_bit_at_the_end_of_a_string_names_its_slot(full, slot):
    memory, format = full
    ends = np.cumsum(np.asarray(store.read_entries(memory, format).lengths).sum(-1))
    damaged = flipped(memory, ends[slot] - 1)
    assert find_damages(damaged, format) == [f"string or entry of slot {slot}"]


def test_all_damages_are_named_and_slots_without_a_table_are_left_out(full):
    memory, format = full
    ends = np.cumsum(np.asarray(store.read_entries(memory, format).lengths).sum(-1))
    second = format.num_words - format.record_words
    assert find_damages(flipped(memory, ends[3] - 1, ends[60] - 1, second - 1), format) == [
        "string or entry of slot 3",
        "table or decoder of task 1",
    ]


def test_a_word_that_nothing_uses_is_looked_at_too(full):
    memory, format = full
    used = int(store.used_words(memory, format))
    assert int(store.free_words(memory, format)) > 1
    (damage,) = find_damages(flipped(memory, used + 1), format)
    assert damage.startswith(UNUSED)


@pytest.mark.parametrize(
    ("task", "bit", "message"),
    [
        (0, 0, "string or entry of slot 48"),  # one more than there are
        (0, 4, UNUSED),  # the last 16 are lost
        (0, 6, IMPOSSIBLE),  # 112, and room for 96
        (0, 31, IMPOSSIBLE),  # below 0
        (1, 0, IMPOSSIBLE),  # of a task that left no record
    ],
)
def test_a_flipped_bit_of_a_count_is_found(evening, task, bit, message):
    memory, format = evening
    assert find_damages(with_count(memory, task, bit), format)[0].startswith(message)


@pytest.mark.parametrize("number", [0, 3, -(2**31) + 2])
def test_a_flipped_bit_of_the_number_of_records_is_found(full, number):
    memory, format = full
    damages = find_damages(memory.replace(num_records=jnp.int32(number)), format)
    assert damages[0].startswith(f"{IMPOSSIBLE}: {number} records")


def test_lengths_beyond_the_block_are_told_before_anything_is_read(full):
    memory, format = full
    # An entry is one word, its low byte the length of the string: 96 * 255 words are more than there are.
    first = format.num_words - 2 * format.record_words
    words = memory.words.at[first - 96 : first].set(255)
    (damage,) = find_damages(memory.replace(words=words), format)
    assert damage == "the lengths in the index add up to more words than there are"
