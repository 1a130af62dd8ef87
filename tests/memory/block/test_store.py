"""Long-term memory: no cue lost, mixed up or silently damaged, and a bill to the last byte."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from braincl_jax.memory.block import store

TASKS, ROOM, CLASSES, SLOTS = 3, 5, 6, 12
COUNTS = [4, 3, 5]
FACTS = {"num_classes": CLASSES, "num_tasks": TASKS, "num_slots": SLOTS, "num_words": 820}


@pytest.fixture(scope="module", params=[1, 2], ids=lambda lanes: f"{lanes}_lanes")
def bench(request, workbench):
    return workbench(lanes=request.param, **FACTS)


def filled(bench, counts, seed=0):
    """A memory with so many cues of each task, and what the tasks handed over."""
    memory = bench.empty()
    nights = [bench.draw(seed + task, ROOM) for task in range(len(counts))]
    for night, count in zip(nights, counts, strict=True):
        memory = bench.remember(memory, night, count)
    return memory, nights


@given(
    counts=st.lists(st.integers(0, 4), min_size=TASKS, max_size=TASKS), seed=st.integers(0, 10**9)
)
@settings(max_examples=25, deadline=None)
def test_every_cue_comes_back_with_its_label_and_task(bench, counts, seed):
    memory, nights = filled(bench, counts, seed)
    sight, total = bench.look(memory), sum(counts)
    np.testing.assert_array_equal(sight.stored, np.arange(SLOTS) < total)
    assert sight.intact[:total].all()
    np.testing.assert_array_equal(sight.task[:total], np.repeat(np.arange(TASKS), counts))
    given_back = list(zip(nights, counts, strict=True))
    for found, name in ((sight.cues, "cues"), (sight.label, "label")):
        expected = np.concatenate([getattr(night, name)[:count] for night, count in given_back])
        np.testing.assert_array_equal(found[:total], expected)


def test_kept_slots_close_up_in_their_order_and_new_ones_follow(bench):
    memory, nights = filled(bench, [4, 3])
    # Of task 0 its second and fourth cue stay, of task 1 its third; two of task 2 come.
    kept = np.isin(np.arange(SLOTS), [1, 3, 6])
    last = bench.draw(2, ROOM)
    sight = bench.look(bench.remember(memory, last, 2, kept))
    assert sight.task.tolist() == [0, 0, 1, 2, 2] + [TASKS] * 7
    expected = [(nights[0], 1), (nights[0], 3), (nights[1], 2), (last, 0), (last, 1)]
    for slot, (night, place) in enumerate(expected):
        np.testing.assert_array_equal(sight.cues[slot], night.cues[place])
        assert sight.label[slot] == night.label[place]
    assert sight.intact[:5].all()
    for task, night in enumerate([*nights, last]):
        read = jax.tree.map(lambda leaf, task=task: leaf[task], sight.decoder)
        jax.tree.map(np.testing.assert_array_equal, read, night.decoder)


def test_a_task_may_lose_all_its_cues_and_keeps_its_record(bench):
    memory, nights = filled(bench, [4, 3])
    memory = bench.remember(memory, bench.draw(2, ROOM), 0, np.arange(SLOTS) >= 4)
    sight = bench.look(memory)
    assert memory.task_counts.tolist() == [0, 3, 0]
    assert sight.task[:3].tolist() == [1, 1, 1]
    np.testing.assert_array_equal(sight.cues[:3], nights[1].cues[:3])
    read = jax.tree.map(lambda leaf: leaf[0], sight.decoder)
    jax.tree.map(np.testing.assert_array_equal, read, nights[0].decoder)


def test_what_is_not_needed_is_zero(bench):
    memory, _ = filled(bench, [2, 0, 1])
    used = int(store.used_words(memory, bench.format))
    # Three entries and three records of 136 + 2 words lie at the end.
    back = 820 - 3 * bench.format.entry_words - 3 * 138
    assert used > 0
    assert not np.asarray(memory.words[used:back]).any()
    assert int(store.free_words(memory, bench.format)) == back - used


def test_an_empty_memory_has_no_stored_slot_and_is_free(bench):
    memory = bench.empty()
    assert not store.index(memory, bench.format).stored.any()
    assert store.used_words(memory, bench.format) == 0
    assert store.free_words(memory, bench.format) == 820


def test_the_bill_is_the_bytes_of_all_arrays(bench):
    lanes = bench.format.lanes
    # 3 task counts, the number of records and the checksum, of 4 bytes each; 820 words are 1,640 bytes.
    nothing = {"strings": 0, "labels": 0, "decoders": 0, "tables": 0}
    bill = store.memory_bytes(bench.empty(), bench.format)
    assert bill == nothing | {"index": 16, "checksums": 4, "free": 1640}
    memory, _ = filled(bench, COUNTS)
    bill = store.memory_bytes(memory, bench.format)
    # 12 cues: a byte for the label and one for the length, or two for each of them.
    label, lengths = {1: (12, 12), 2: (24, 48)}[lanes]
    # 3 records: 3 channels with 33 knots of 2 bytes, reach, lowest and size of 1, and 4 + 4 + 1 weights, and 2 weights
    # for each of 3 pairs of channels; a decoder of 15 + 5 * 2 + 3 * 2; a byte of padding and 4 of checksum.
    strings = 2 * int(store.read_entries(memory, bench.format).lengths.sum())
    assert bill == {
        "strings": strings,
        "index": lengths + 16,
        "labels": label,
        "decoders": 3 * 31,
        "tables": 3 * 240,
        "checksums": 3 * 5 + 4,
        "free": 1640 - strings - lengths - label - 3 * 276,
    }
    assert sum(bill.values()) == sum(leaf.nbytes for leaf in jax.tree.leaves(memory)) == 1660


@pytest.mark.parametrize(
    ("lanes", "num_classes", "max_words", "words"),
    [
        (1, 256, 255, 1),
        # A label, a length, or a second length that one byte does not hold: a word for each.
        (1, 257, 255, 2),
        (1, 256, 256, 2),
        (2, 10, 20, 3),
        (4, 300, 500, 5),
    ],
)
def test_an_entry_is_one_word_where_bytes_hold_label_and_length(
    lanes, num_classes, max_words, words
):
    assert store.entry_words(lanes, num_classes, max_words) == words


@pytest.mark.parametrize(
    ("symbols", "mean_words", "words"),
    [
        # The worst case is 12 bits a symbol and 2 words to flush: 12 * 12 / 16 + 2 and 400 * 12 / 16 + 2.
        (12, 84, 11),
        (400, 86, 302),
        # 3 * 85 = 255 words are as long as a byte can say, and longer strings are rare.
        (400, 85, 255),
        # 13 * 12 / 16 = 9.75: another word for the rest.
        (13, 84, 12),
    ],
)
def test_a_string_has_room_for_the_worst_case_or_for_255_words_if_hardly_any_has_more(
    symbols, mean_words, words
):
    assert store.max_string_words(symbols, mean_words) == words


@pytest.mark.parametrize("num_classes", [256, 257])
def test_labels_and_lengths_up_to_the_largest_are_read_as_they_were_packed(workbench, num_classes):
    bench = workbench(lanes=1, **FACTS | {"num_classes": num_classes})
    label, lengths = jnp.array([0, 255, num_classes - 1]), jnp.array([[255], [0], [11]])
    entries = store.pack_entries(label, lengths, bench.format)
    # Entry 0 is the last of the index.
    words = jnp.zeros(820, jnp.uint16).at[820 - entries.size :].set(entries[::-1].reshape(-1))
    memory = dataclasses.replace(bench.empty(), words=words, task_counts=jnp.array([3, 0, 0]))
    read = store.read_entries(memory, bench.format)
    np.testing.assert_array_equal(read.label[:3], label)
    np.testing.assert_array_equal(read.lengths[:3], lengths)
    assert not read.lengths[3:].any()


def test_a_block_is_rewritten_and_read_the_same_without_jit(workbench, rewriting):
    bench = workbench(lanes=2, **FACTS)
    (before, _), night, format = filled(bench, [4, 3]), bench.draw(2, ROOM), bench.format
    table, strings = bench.code(night.cues, night.label)
    kept = np.arange(SLOTS) % 2 == 1
    memory = bench.remember(before, night, 2, kept)
    with jax.disable_jit():
        plain = rewriting(format)(
            before,
            kept=jnp.asarray(kept),
            added=strings,
            label=jnp.asarray(night.label),
            count=jnp.int32(2),
            record=store.TaskRecord(table, jax.tree.map(jnp.asarray, night.decoder)),
        )
        entries, index = store.read_entries(memory, format), store.index(memory, format)
        record, intact = store.read_record(memory, format, jnp.int32(2))
    jax.tree.map(np.testing.assert_array_equal, plain, memory)
    jax.tree.map(np.testing.assert_array_equal, record.decoder, night.decoder)
    assert intact
    sight = bench.look(memory)
    np.testing.assert_array_equal(entries.stored, sight.stored)
    np.testing.assert_array_equal(index.label, sight.label)
    np.testing.assert_array_equal(index.task, sight.task)
