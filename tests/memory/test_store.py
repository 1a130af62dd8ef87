"""Long-term memory: no cue lost, mixed up or silently damaged."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from braincl_jax.config import CodecConfig
from braincl_jax.memory import codec, density, quantise, store, tables
from braincl_jax.memory.budget import Capacity

TASKS, ROOM, CLASSES, SLOTS = 3, 5, 6, 12
CODEC = codec.build_codec(CodecConfig(latent_channels=3, width=4, alphabet_size=16), (8, 8, 1))
SHAPE = CODEC.latent_shape  # (2, 2, 3)
PARAMS = CODEC.init(jax.random.key(0))
LANES = pytest.mark.parametrize("lanes", [1, 2])


def empty_memory(lanes):
    return store.empty_memory(
        Capacity(SLOTS, 300),
        num_tasks=TASKS,
        num_classes=CLASSES,
        lanes=lanes,
        max_words=store.max_string_words(SHAPE, lanes),
        empty_tables=tables.init(TASKS, SHAPE[-1], 16),
        empty_decoders=quantise.empty_like(PARAMS["synthesis"], TASKS),
    )


@jax.jit
def remember(memory, task, cues, label, count):
    """Transfers the first `count` cues of a task, as `sleep.transfer` does without choosing."""
    lanes = memory.lengths.shape[1]
    valid = jnp.arange(len(cues)) < count
    params = density.init(jax.random.key(1), SHAPE[-1])
    table = tables.build(params, cues, valid, 16)
    strings = store.encode_cues(
        table, cues, label, lanes=lanes, max_words=store.max_string_words(SHAPE, lanes)
    )
    return replace(
        store.append(memory, strings, label, count),
        task_counts=memory.task_counts.at[task].set(count),
        tables=jax.tree.map(lambda old, new: old.at[task].set(new), memory.tables, table),
    )


read_cues = jax.jit(store.read_cues, static_argnames="latent_shape")


def random_tasks(seed):
    """Cues [T, ROOM, h, w, M], each task's about another value, and labels in random order."""
    rng = np.random.default_rng(seed)
    cues = rng.integers(-6, 7, (TASKS, ROOM, *SHAPE)) + rng.integers(-20, 21, (TASKS, 1, 1, 1, 3))
    return cues.astype(np.int32), rng.integers(0, CLASSES, (TASKS, ROOM), np.int32)


def filled(lanes, counts, seed=0):
    memory = empty_memory(lanes)
    cues, labels = random_tasks(seed)
    for task, count in enumerate(counts):
        memory = remember(memory, task, cues[task], labels[task], count)
    return memory, cues, labels


def read_all(memory, counts):
    """Every slot, one group a task; slots beyond the last of a task repeat its first."""
    first = np.cumsum(counts) - counts
    offset = np.arange(ROOM)
    slot = first[:, None] + np.where(offset < np.reshape(counts, (-1, 1)), offset, 0)
    read, intact = read_cues(memory, jnp.arange(TASKS), jnp.asarray(slot), latent_shape=SHAPE)
    return np.asarray(read), np.asarray(intact), slot


def intact_slots(memory, counts):
    _, intact, slot = read_all(memory, counts)
    return {int(s): bool(ok) for s, ok in zip(slot.ravel(), intact.ravel(), strict=True)}


@LANES
@given(st.lists(st.integers(0, 4), min_size=TASKS, max_size=TASKS), st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_every_cue_comes_back_with_its_label_and_task(lanes, counts, seed):
    memory, cues, labels = filled(lanes, counts, seed)
    read, intact, _ = read_all(memory, np.array(counts))
    index = store.index(memory)
    for task, count in enumerate(counts):
        np.testing.assert_array_equal(read[task, :count], cues[task, :count])
        assert intact[task, :count].all()
    total = sum(counts)
    np.testing.assert_array_equal(index.stored, np.arange(SLOTS) < total)
    np.testing.assert_array_equal(index.task[:total], np.repeat(np.arange(TASKS), counts))
    expected = np.concatenate([labels[task, :count] for task, count in enumerate(counts)])
    np.testing.assert_array_equal(index.label[:total], expected)


COUNTS = np.array([4, 3, 5])


@LANES
def test_a_flipped_bit_is_noticed_in_its_slot_alone(lanes):
    memory, *_ = filled(lanes, COUNTS)
    assert all(intact_slots(memory, COUNTS).values())
    ends = np.cumsum(np.asarray(memory.lengths, int).sum(-1))
    for slot in (0, 5, 11):
        word = int(ends[slot]) - 1
        damaged = replace(memory, words=memory.words.at[word].set(memory.words[word] ^ 64))
        assert intact_slots(damaged, COUNTS) == {other: other != slot for other in range(SLOTS)}


@LANES
@pytest.mark.parametrize("change", [-1, 1])  # in words
def test_a_changed_length_is_noticed_and_harms_no_earlier_slot(lanes, change):
    memory, *_ = filled(lanes, COUNTS)
    lengths = memory.lengths.astype(jnp.int32).at[6, lanes - 1].add(change)
    damaged = replace(memory, lengths=lengths.astype(memory.lengths.dtype))
    intact = intact_slots(damaged, COUNTS)
    assert not intact[6]
    assert all(intact[slot] for slot in range(6))


@LANES
def test_a_changed_label_is_noticed_in_its_slot_alone(lanes):
    memory, *_ = filled(lanes, COUNTS)
    for label in range(CLASSES):
        damaged = replace(memory, labels=memory.labels.at[6].set(label))
        same = label == int(memory.labels[6])
        assert intact_slots(damaged, COUNTS) == {slot: slot != 6 or same for slot in range(SLOTS)}


def test_tags_tell_labels_and_lanes_apart():
    label, lane = jnp.repeat(jnp.arange(100), 4), jnp.tile(jnp.arange(4), 100)
    tag = np.asarray(store.integrity_tag(label, lane))
    assert len(np.unique(tag)) == 400
    assert tag.max() < 1 << 16
    # Label 0, lane 0: 2654435761 = 40503 * 65536 + 31153.
    assert tag[0] == 40503


@LANES
def test_the_bill_is_the_bytes_of_all_arrays(lanes):
    memory = empty_memory(lanes)
    bill = store.memory_bytes(memory)
    assert sum(bill.values()) == sum(leaf.nbytes for leaf in jax.tree.leaves(memory))
    # 300 words of 2 bytes; 12 slots of a byte a lane and 3 int32 counts; 12 labels;
    # 3 tasks of 3 channels with 16 frequencies of 2 bytes and a lowest of 1.
    expected = {"strings": 600, "index": 12 * lanes + 12, "labels": 12, "tables": 3 * 3 * 33}
    assert {name: bill[name] for name in expected} == expected


def test_an_empty_memory_has_no_stored_slot():
    memory = empty_memory(1)
    assert not store.index(memory).stored.any()
    assert store.used_words(memory) == 0


def test_append_keeps_free_slots_and_words_as_they_were():
    memory, *_ = filled(2, [2, 0, 1])
    used = int(store.used_words(memory))
    assert 0 < used < 300
    assert not np.asarray(memory.words[used:]).any()
    assert not np.asarray(memory.lengths[3:]).any()
    assert not np.asarray(memory.labels[3:]).any()


@LANES
def test_recall_shows_what_the_decoder_of_the_task_makes_of_the_cue(lanes):
    memory, cues, labels = filled(lanes, COUNTS)
    weights = [CODEC.init(jax.random.key(task))["synthesis"] for task in range(TASKS)]
    decoders = jax.tree.map(lambda *leaves: jnp.stack(leaves), *map(quantise.quantise, weights))
    recall = jax.jit(lambda memory, task, slot: store.recall(memory, task, slot, CODEC))
    # Slot 5 is the second of task 1 (after 4 of task 0), slot 8 the second of task 2.
    task, slot = jnp.array([2, 1]), jnp.array([[8, 7], [5, 5]])
    recalled = recall(replace(memory, decoders=decoders), task, slot)
    np.testing.assert_array_equal(
        recalled.label, [[labels[2, 1], labels[2, 0]], [labels[1, 1]] * 2]
    )
    assert recalled.intact.all()
    stored = quantise.dequantise(quantise.quantise(weights[1]))
    expected = CODEC.recall(stored, jnp.asarray(cues[1, 1:2], jnp.float32))
    difference = recalled.image[1].astype(int) - np.asarray(expected).astype(int)
    assert np.abs(difference).max() <= 1


def test_storing_and_reading_are_the_same_without_jit():
    memory, cues, labels = filled(2, [2])
    table = jax.tree.map(lambda leaf: leaf[0], memory.tables)
    now, label = jnp.asarray(cues[0, :2]), jnp.asarray(labels[0, :2])
    room = store.max_string_words(SHAPE, 2)
    with jax.disable_jit():
        strings = store.encode_cues(table, now, label, lanes=2, max_words=room)
        plain = store.append(empty_memory(2), strings, label, jnp.int32(2))
        read, intact = store.read_cues(memory, jnp.array([0]), jnp.array([[1]]), SHAPE)
    for name in ("words", "lengths", "labels"):
        np.testing.assert_array_equal(getattr(plain, name), getattr(memory, name))
    np.testing.assert_array_equal(read[0, 0], cues[0, 1])
    assert intact.all()
