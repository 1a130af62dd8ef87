"""A trunk that all tasks share: where it lies, what it weighs, and that its damage is named."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.memory.block import store
from braincl_jax.memory.codec import quantise
from braincl_jax.memory.inspection import find_damages

COUNTS = (4, 3, 5)
# 9 weights of a byte and 3 scales of 2, a byte of padding, and a checksum of 4: 20 bytes.
TRUNK_WORDS = 10
NAME = "the trunk that all tasks share"


@pytest.fixture(scope="module")
def bench(workbench):
    decoder = jax.eval_shape(lambda: quantise.quantise({"shared": jnp.zeros((3, 3))}))
    trunk = store.Part(None, decoder)
    facts = {"num_classes": 6, "num_tasks": 3, "num_slots": 12, "num_words": 600}
    return workbench(trunk=trunk, **facts)


@pytest.fixture(scope="module")
def nights(bench):
    """What each of three tasks hands over, each with a trunk of its own, and the memory after each."""
    memory, found = bench.empty(), []
    for task, count in enumerate(COUNTS):
        night = bench.draw(task, 5)
        memory = bench.remember(memory, night, count)
        found.append((night, memory))
    return found


def test_the_trunk_of_the_first_task_lies_at_the_end_and_stays(bench, nights, plain_checksum):
    shared = nights[0][0].decoder["shared"]
    content = np.frombuffer(shared.value.tobytes() + shared.scale.tobytes() + b"\0", "<u2")
    check = plain_checksum(content)
    expected = [*content, check >> 16, check & 0xFFFF]
    for _, memory in nights:
        assert memory.words[-TRUNK_WORDS:].tolist() == expected
    assert bench.format.records_end == 600 - TRUNK_WORDS


def test_a_decoder_is_its_tasks_own_part_and_the_first_tasks_trunk(bench, nights):
    sight = bench.look(nights[-1][1])
    first = nights[0][0].decoder["shared"]
    for task, (night, _) in enumerate(nights):
        assert task == 0 or (night.decoder["shared"].value != first.value).any()
        read = jax.tree.map(lambda leaf, task=task: leaf[task], sight.decoder)
        jax.tree.map(np.testing.assert_array_equal, read, night.decoder | {"shared": first})


def test_cues_come_back_beside_a_trunk(bench, nights):
    sight = bench.look(nights[-1][1])
    expected = [night.cues[:count] for (night, _), count in zip(nights, COUNTS, strict=True)]
    np.testing.assert_array_equal(sight.cues, np.concatenate(expected))
    assert sight.intact.all()


def test_the_bill_has_the_trunk_once_and_its_place_is_never_free(bench, nights):
    for tasks, memory in enumerate([bench.empty(), *(memory for _, memory in nights)]):
        bill = store.memory_bytes(memory, bench.format)
        # Of each record 31 bytes are decoder and 5 padding and checksum (see test_store); 4 are the block's checksum.
        assert bill["decoders"] == 31 * tasks + 15
        assert bill["checksums"] == 5 * tasks + 5 + 4
        assert sum(bill.values()) == sum(leaf.nbytes for leaf in jax.tree.leaves(memory))
        assert bill["free"] == 2 * int(store.free_words(memory, bench.format))
    assert store.memory_bytes(bench.empty(), bench.format)["free"] == 1200 - 2 * TRUNK_WORDS


def flipped(memory, *places):
    words = np.array(memory.words)
    words[list(places)] ^= 64
    return memory.replace(words=jnp.asarray(words))


def test_damage_to_any_word_of_the_trunk_is_named_and_shows_in_all_slots(bench, nights):
    memory = nights[-1][1]
    assert find_damages(memory, bench.format) == []
    for place in range(600 - TRUNK_WORDS, 600):
        damaged = flipped(memory, place)
        assert find_damages(damaged, bench.format) == [NAME]
        assert not bench.look(damaged).intact.any()


def test_damage_to_a_record_is_told_from_that_to_the_trunk(bench, nights):
    memory, end = nights[-1][1], bench.format.records_end
    assert find_damages(flipped(memory, end - 1), bench.format) == ["table or decoder of task 0"]
    both = flipped(memory, end - 1 - bench.format.record_words, end)
    assert find_damages(both, bench.format) == [NAME, "table or decoder of task 1"]


def test_a_memory_without_a_task_has_no_trunk_to_be_damaged(bench):
    assert find_damages(bench.empty(), bench.format) == []


def test_a_trunk_is_written_and_read_the_same_without_jit(bench, nights, rewriting):
    (night, memory), format = nights[0], bench.format
    table, strings = bench.code(night.cues, night.label)
    with jax.disable_jit():
        plain = rewriting(format)(
            bench.empty(),
            kept=jnp.ones(format.num_slots, bool),
            added=strings,
            label=jnp.asarray(night.label),
            count=jnp.int32(COUNTS[0]),
            record=store.TaskRecord(table, jax.tree.map(jnp.asarray, night.decoder)),
        )
        record, intact = store.read_record(memory, format, jnp.int32(0))
    jax.tree.map(np.testing.assert_array_equal, plain, memory)
    jax.tree.map(np.testing.assert_array_equal, record.decoder, night.decoder)
    assert intact
