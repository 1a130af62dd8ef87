"""Writing: what is dropped, opened and appended lies where plain NumPy puts it, whatever the pieces."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from braincl_jax.memory.block import integrity, store, writing

TASKS, ROOM, SLOTS, WORDS = 3, 5, 12, 820
COUNTS = (4, 3)


@pytest.fixture(scope="module", params=[1, 2], ids=lambda lanes: f"{lanes}_lanes")
def bench(request, workbench):
    return workbench(
        lanes=request.param, num_classes=6, num_tasks=TASKS, num_slots=SLOTS, num_words=WORDS
    )


@pytest.fixture(scope="module")
def stored(bench):
    """Tasks of 4 and 3 cues."""
    memory = bench.empty()
    for task, count in enumerate(COUNTS):
        memory = bench.remember(memory, bench.draw(task, ROOM), count)
    return memory


@pytest.fixture(scope="module", params=[7, 100, 1 << 16])
def compact(request, bench):
    """`compact`, compiled, with pieces of some size."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writing, "PIECE", request.param)
        compiled = jax.jit(lambda memory, kept: writing.compact(memory, bench.format, kept))
        compiled(bench.empty(), np.ones(SLOTS, bool))
    return compiled


def compacted(memory, format, kept):
    """The words of `writing.compact`, by hand."""
    words = np.asarray(memory.words)
    lengths = np.asarray(store.read_entries(memory, format).lengths).sum(-1)
    number = int(memory.task_counts.sum())
    end = format.num_words - int(memory.num_records) * format.record_words
    slots = [slot for slot in range(number) if kept[slot]]
    starts = np.cumsum(lengths) - lengths
    strings = [words[starts[slot] : starts[slot] + lengths[slot]] for slot in slots]
    size = format.entry_words
    entries = [words[end - (slot + 1) * size : end - slot * size] for slot in reversed(slots)]
    front, back = np.concatenate([*strings, []]), np.concatenate([*entries, words[end:]])
    free = np.zeros(format.num_words - len(front) - len(back))
    return np.concatenate([front, free, back]).astype(np.uint16)


@given(kept=st.lists(st.booleans(), min_size=SLOTS, max_size=SLOTS))
@settings(max_examples=40, deadline=None)
def test_strings_and_entries_close_up_as_plain_numpy_has_it(bench, stored, compact, kept):
    memory = compact(stored, np.array(kept))
    np.testing.assert_array_equal(memory.words, compacted(stored, bench.format, kept))
    assert memory.task_counts.tolist() == [sum(kept[:4]), sum(kept[4:7]), 0]
    assert int(memory.num_records) == 2


@pytest.mark.parametrize("kept", [[True] * SLOTS, [False] * SLOTS], ids=["all", "none"])
def test_a_block_that_is_full_to_the_last_word_is_compacted(bench, stored, compact, kept):
    # As if the strings of the seven slots were so long that nothing is left between them and the index.
    format = bench.format
    free, used = int(store.free_words(stored, format)), int(store.used_words(stored, format))
    label, lengths, _ = store.read_entries(stored, format)
    more = np.diff(np.linspace(0, free, 8).astype(int))
    entries = store.pack_entries(label[:7], lengths[:7].at[:, -1].add(more), format)
    end = WORDS - 2 * format.record_words
    words = stored.words.at[end - entries.size : end].set(entries[::-1].reshape(-1))
    full = stored.replace(
        words=words.at[used : used + free].set(np.arange(free, dtype=np.uint16) + 1)
    )
    assert int(store.free_words(full, format)) == 0
    np.testing.assert_array_equal(
        compact(full, np.array(kept)).words, compacted(full, format, kept)
    )


def test_a_record_is_opened_without_a_cue_and_what_was_there_is_read_as_before(bench, stored):
    night = bench.draw(2, ROOM)
    record = store.TaskRecord(bench.code(night.cues, night.label)[0], night.decoder)
    memory = jax.jit(lambda memory: writing.open_record(memory, bench.format, record))(stored)
    assert int(memory.num_records) == 3
    np.testing.assert_array_equal(memory.task_counts, stored.task_counts)
    read, intact = store.read_record(memory, bench.format, jnp.int32(2))
    assert intact
    jax.tree.map(np.testing.assert_array_equal, read.decoder, night.decoder)
    before, after = bench.look(stored), bench.look(memory)
    for name in ("cues", "label", "task", "stored", "intact"):
        np.testing.assert_array_equal(getattr(before, name)[:7], getattr(after, name)[:7])
    used = int(store.used_words(memory, bench.format))
    back = WORDS - 7 * bench.format.entry_words - 3 * bench.format.record_words
    assert not np.asarray(memory.words[used:back]).any()


def test_cues_appended_one_by_one_lie_as_if_all_had_come_at_once(bench, stored):
    format, night = bench.format, bench.draw(2, ROOM)
    table, strings = bench.code(night.cues, night.label)
    expected = bench.remember(stored, night, 4)
    memory = writing.open_record(stored, format, store.TaskRecord(table, night.decoder))
    append = jax.jit(lambda memory, *given: writing.append(memory, format, *given))
    used = store.used_words(memory, format)
    for place in range(ROOM):
        one = jax.tree.map(lambda leaf, place=place: leaf[place : place + 1], strings)
        count = jnp.int32(place < 4)
        memory, used = append(memory, used, one, night.label[place : place + 1], count)
        assert int(used) == int(store.used_words(memory, format))
    jax.tree.map(np.testing.assert_array_equal, store.sealed(memory), expected)


@pytest.mark.parametrize("piece", [7, 100])
def test_the_size_of_pieces_changes_no_bit(bench, stored, rewriting, monkeypatch, piece):
    night, kept = bench.draw(2, ROOM), np.arange(SLOTS) % 3 != 1
    expected = bench.remember(stored, night, 4, kept)
    table, strings = bench.code(night.cues, night.label)
    monkeypatch.setattr(writing, "PIECE", piece)
    monkeypatch.setattr(integrity, "PIECE", piece)
    found = jax.jit(rewriting(bench.format))(
        stored,
        kept=kept,
        added=strings,
        label=night.label,
        count=np.int32(4),
        record=store.TaskRecord(table, night.decoder),
    )
    jax.tree.map(np.testing.assert_array_equal, found, expected)
