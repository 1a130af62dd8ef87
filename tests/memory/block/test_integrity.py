"""Damage to the block, a record or a string is found, and found where it is."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.memory.block import integrity, store
from braincl_jax.memory.block.integrity import (
    CorruptMemoryError,
    check_intact,
    checksum,
    integrity_tag,
    require_undamaged,
)

compute = jax.jit(checksum)
compute_all = jax.jit(jax.vmap(checksum))
COUNTS = (4, 3, 5)


def random_words(number, seed=0):
    return np.random.default_rng(seed).integers(0, 1 << 16, number).astype(np.uint16)


def test_the_checksum_of_a_single_zero_is_the_published_hash_of_place_one():
    # MurmurHash3_x86_32 of no bytes with seed 1 is 0x514E28B7, which is odd; times 0 + 1.
    assert int(compute(jnp.zeros(1, jnp.uint16))) == 0x514E28B7
    # Times 2 + 1 it is 0xF3EA7A25, still below 2^32; times 4 + 1 it is 0x19686CB93, which is not.
    assert int(compute(jnp.array([2], jnp.uint16))) == 0xF3EA7A25
    assert int(compute(jnp.array([4], jnp.uint16))) == 0x9686CB93


@pytest.mark.parametrize("number", [1, 2, 37, 5000])
def test_the_checksum_is_that_of_plain_integers(number, plain_checksum):
    for words in (random_words(number), np.zeros(number, np.uint16), np.full(number, 65535)):
        assert int(compute(jnp.asarray(words, jnp.uint16))) == plain_checksum(words)


@pytest.mark.parametrize("piece", [1, 7, 64])
def test_the_size_of_pieces_does_not_change_the_checksum(piece, monkeypatch):
    words = random_words(100)
    expected = int(compute(jnp.asarray(words)))
    monkeypatch.setattr(integrity, "PIECE", piece)
    assert int(jax.jit(lambda words: checksum(words))(words)) == expected


def test_checksums_of_parts_add_up_to_that_of_the_whole():
    words = jnp.asarray(random_words(30))
    for first in (1, 12, 29):
        parts = checksum(words[:first]) + checksum(words[first:], before=first)
        assert int(parts) == int(compute(words))


def test_every_bit_of_every_word_changes_the_checksum():
    words = random_words(300)
    before = int(compute(words))
    place, bit = (axis.ravel() for axis in np.mgrid[:300, :16])
    flipped = np.tile(words, (4800, 1))
    flipped[np.arange(4800), place] ^= (1 << bit).astype(np.uint16)
    assert not (np.asarray(compute_all(flipped)) == before).any()


def test_any_other_value_of_one_word_changes_the_checksum():
    words = random_words(9)
    for place in (0, 4, 8):
        changed = np.tile(words, (1 << 16, 1))
        changed[:, place] = np.arange(1 << 16)
        found = np.asarray(compute_all(changed)) != int(compute(words))
        np.testing.assert_array_equal(found, np.arange(1 << 16) != words[place])


def test_words_that_change_places_change_the_checksum():
    words = random_words(64)
    assert len(np.unique(words)) == 64
    first, second = np.triu_indices(64, 1)
    swapped, row = np.tile(words, (len(first), 1)), np.arange(len(first))
    swapped[row, first], swapped[row, second] = words[second], words[first]
    assert not (np.asarray(compute_all(swapped)) == int(compute(words))).any()


def test_zeros_behind_the_words_change_the_checksum():
    words = random_words(20)
    sums = [int(compute(np.append(words[:10], np.zeros(more, np.uint16)))) for more in range(10)]
    assert len(set(sums)) == 10


def test_the_checksum_is_the_same_without_jit():
    words = jnp.asarray(random_words(50))
    with jax.disable_jit():
        plain = checksum(words)
    assert plain.dtype == jnp.uint32
    assert int(plain) == int(compute(words))


def test_tags_tell_labels_and_lanes_apart():
    label, lane = jnp.repeat(jnp.arange(100), 4), jnp.tile(jnp.arange(4), 100)
    tag = np.asarray(integrity_tag(label, lane))
    assert len(np.unique(tag)) == 400
    assert tag.max() < 1 << 16
    # Label 0, lane 0: 2654435761 = 40503 * 65536 + 31153.
    assert tag[0] == 40503


def test_an_intact_slot_raises_nothing_and_a_damaged_one_its_name():
    check_intact(-1)
    with pytest.raises(CorruptMemoryError, match="slot 7 of long-term memory"):
        check_intact(7)


def test_all_damages_are_named_together():
    require_undamaged([])
    with pytest.raises(CorruptMemoryError, match="damaged: table of task 1; slot 3"):
        require_undamaged(["table of task 1", "slot 3"])


@pytest.fixture(scope="module", params=[1, 2], ids=lambda lanes: f"{lanes}_lanes")
def stored(request, workbench):
    """Tasks of 4, 3 and 5 cues, and the bench to read them at."""
    bench = workbench(lanes=request.param, num_classes=6, num_tasks=3, num_slots=12, num_words=820)
    memory = bench.empty()
    for task, count in enumerate(COUNTS):
        memory = bench.remember(memory, bench.draw(task, 5), count)
    assert bench.look(memory).intact.all()
    return bench, memory


def changed(memory, place, mask):
    words = np.array(memory.words)
    words[place] ^= np.uint16(mask)
    return memory.replace(words=jnp.asarray(words))


def records(bench, task):
    """Places of the words of a task's record; the first record is at the very end."""
    last = bench.format.num_words - task * bench.format.record_words
    return range(last - bench.format.record_words, last)


def test_damage_to_any_word_of_a_record_shows_in_its_task_and_in_no_other(stored):
    bench, memory = stored
    read_record = jax.jit(lambda memory, task: store.read_record(memory, bench.format, task)[1])
    rng = np.random.default_rng(0)
    for damaged_task in range(3):
        for place in records(bench, damaged_task):
            broken = changed(memory, place, 1 << rng.integers(16))
            intact = [bool(read_record(broken, task)) for task in range(3)]
            assert intact == [task != damaged_task for task in range(3)]


def test_damage_to_a_record_shows_in_all_slots_of_its_task_and_in_no_other(stored):
    bench, memory = stored
    of_task = np.repeat(np.arange(3), COUNTS)
    rng = np.random.default_rng(1)
    for damaged_task in range(3):
        words = records(bench, damaged_task)
        for place in (words[0], *rng.choice(words, 20), words[-2], words[-1]):
            sight = bench.look(changed(memory, place, 1 << rng.integers(16)))
            np.testing.assert_array_equal(sight.intact, of_task != damaged_task)


def test_a_flipped_bit_is_noticed_in_its_slot_alone(stored):
    bench, memory = stored
    ends = np.cumsum(np.asarray(store.read_entries(memory, bench.format).lengths).sum(-1))
    for slot in range(12):
        sight = bench.look(changed(memory, ends[slot] - 1, 64))
        np.testing.assert_array_equal(sight.intact, np.arange(12) != slot)


def with_entry(bench, memory, slot, label, lengths):
    """The memory with another entry for one slot."""
    size = bench.format.entry_words
    first = bench.format.num_words - 3 * bench.format.record_words - (slot + 1) * size
    entry = store.pack_entries(jnp.array([label]), jnp.asarray(lengths)[None], bench.format)[0]
    return memory.replace(words=memory.words.at[first : first + size].set(entry))


@pytest.mark.parametrize("change", [-1, 1])  # in words
def test_a_changed_length_is_noticed_and_harms_no_earlier_slot(stored, change):
    bench, memory = stored
    label, lengths, _ = store.read_entries(memory, bench.format)
    sight = bench.look(
        with_entry(bench, memory, 6, label[6], lengths[6].at[bench.format.lanes - 1].add(change))
    )
    assert not sight.intact[6]
    assert sight.intact[:6].all()


def test_a_changed_label_is_noticed_in_its_slot_alone(stored):
    bench, memory = stored
    label, lengths, _ = store.read_entries(memory, bench.format)
    for other in range(6):
        sight = bench.look(with_entry(bench, memory, 6, other, lengths[6]))
        same = other == int(label[6])
        np.testing.assert_array_equal(sight.intact, (np.arange(12) != 6) | same)
