"""A thousand random flipped bits in a block, each found or without any effect."""

from collections import Counter

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.memory.block import store
from braincl_jax.memory.coder import coding

FLIPS = 1000
COUNTS = (4, 3, 5)
SLOTS = sum(COUNTS)
seal = jax.jit(store.sealed)


@pytest.fixture(scope="module", params=[1, 2], ids=lambda lanes: f"{lanes}_lanes")
def stored(request, workbench):
    """Three tasks in a block that has about a third of its words free, and the bench to read them at."""
    bench = workbench(
        lanes=request.param, num_classes=6, num_tasks=3, num_slots=SLOTS + 2, num_words=680
    )
    memory = bench.empty()
    for task, count in enumerate(COUNTS):
        memory = bench.remember(memory, bench.draw(task, 5), count)
    return bench, jax.device_get(memory)


def flips(words, seed):
    """A thousand times a place and a bit, and the words with that bit flipped."""
    rng = np.random.default_rng(seed)
    for place, bit in zip(
        rng.integers(0, len(words), FLIPS), rng.integers(0, 16, FLIPS), strict=True
    ):
        flipped = words.copy()
        flipped[place] ^= np.uint16(1 << bit)
        yield int(place), flipped


def part_of(bench, memory, place):
    """What lies at a place of the block."""
    format = bench.format
    records = format.num_words - len(COUNTS) * format.record_words
    if place >= records:
        return "record"
    if place >= records - SLOTS * format.entry_words:
        return "entry"
    return "string" if place < int(store.used_words(memory, format)) else "free"


def content(sight):
    """Cues, labels and decoders of the stored slots, as bytes and numbers."""
    decoders = [leaf.tobytes() for leaf in jax.tree.leaves(sight.decoder)]
    return sight.cues[:SLOTS].tobytes(), sight.label[:SLOTS].tolist(), decoders


def differs_only_in_equally_frequent_letters(sight, other, tables, lanes):
    """Whether one slot's symbols differ, and are as frequent as the right ones, each in its own context."""
    slots = np.unique(np.nonzero(sight.cues[:SLOTS] != other.cues[:SLOTS])[0])
    if len(slots) != 1 or sight.label[:SLOTS].tolist() != other.label[:SLOTS].tolist():
        return False
    before, after = (
        coding.intervals(tables[sight.task[slots[0]]], one.cues[slots].astype(np.int32), lanes)[1]
        for one in (sight, other)
    )
    return (before == after).all()


def test_every_flipped_bit_of_the_words_is_found_by_the_checksum(stored):
    _, memory = stored
    assert int(seal(memory).check) == memory.check
    for _, words in flips(memory.words, 0):
        assert int(seal(memory.replace(words=words)).check) != memory.check


def test_without_the_checksum_a_flipped_bit_is_found_or_changes_letters_of_one_frequency(stored):
    """Whatever leaves the coder's state as it was cannot be seen in its last state.

    A symbol that is taken for an equally frequent one does, if those after it do not notice. The cues of these tests
    lie far out, where all symbols are equally rare: so often it happens nowhere else.
    """
    bench, memory = stored
    tables = [
        store.read_record(memory, bench.format, jnp.int32(task))[0].table for task in range(3)
    ]
    intact = bench.look(memory)
    assert intact.intact[:SLOTS].all()
    struck, missed = Counter(), Counter()
    for place, words in flips(memory.words, 1):
        sight, part = bench.look(memory.replace(words=words)), part_of(bench, memory, place)
        struck[part] += 1
        if sight.intact[:SLOTS].all():
            missed[part] += 1
            if content(sight) != content(intact):
                assert part == "string"
                assert differs_only_in_equally_frequent_letters(
                    intact, sight, tables, bench.format.lanes
                )
    assert min(struck.values()) > 20
    assert missed["free"] == struck["free"]
    assert missed["record"] == missed["entry"] == 0
    assert missed["string"] < 0.1 * struck["string"]
