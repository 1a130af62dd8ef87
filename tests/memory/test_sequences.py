"""A block lives through random nights, and agrees with a plain list of cues after each of them."""

from typing import Any, NamedTuple

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from braincl_jax.memory.block import store

TASKS, NUMBER, SLOTS = 5, 6, 14
# Words of a record.
RECORD = 138
# Lanes and classes, the words of an entry that follow from them, and of the block: few enough to run out.
FORMATS = {
    "one_word_entries": (1, 6, 1, 750),
    "wide_labels": (1, 300, 2, 755),
    # With two lanes, the label has a word of its own whatever the number of classes.
    "two_lanes": (2, 300, 3, 785),
}


class Kept(NamedTuple):
    """One cue in the model.

    Attributes:
        task: 0..T-1.
        label: 0..K-1.
        cue: [h, w, M].
        strings: the words of each lane.
    """

    task: int
    label: int
    cue: np.ndarray
    strings: list[np.ndarray]

    @property
    def words(self) -> int:
        return sum(map(len, self.strings))


class Step(NamedTuple):
    """A night: who stays (the seed of a mask, or None for everybody), and how many of the new cues are offered."""

    kept: int | None
    offered: int
    seed: int


# Write alone, evict and write, evict alone, and a compaction that changes nothing but the number of records.
steps = st.builds(
    Step,
    kept=st.none() | st.integers(0, 2**32 - 1),
    offered=st.sampled_from([0, 1, 4, NUMBER]),
    seed=st.integers(0, 2**32 - 1),
)


@pytest.fixture(scope="module", params=list(FORMATS))
def bench(request, workbench):
    lanes, classes, entry_words, num_words = FORMATS[request.param]
    made = workbench(
        lanes=lanes, num_classes=classes, num_tasks=TASKS, num_slots=SLOTS, num_words=num_words
    )
    # 240 bytes of table (see `test_store`), 15 + 5 * 2 + 3 * 2 of decoder: 271 bytes in 136 words, and 2 of checksum.
    assert (made.format.record_words, made.format.entry_words) == (RECORD, entry_words)
    return made


class Model:
    """The block as Python lists; nothing of it is computed by the store."""

    def __init__(self, bench, plain_checksum):
        self.format, self.code, self.checksum = bench.format, bench.code, plain_checksum
        self.cues: list[Kept] = []
        self.counts = [0] * TASKS
        self.records: list[bytes] = []
        self.decoders: list[Any] = []

    @property
    def free(self) -> int:
        return self.free_with(np.ones(SLOTS, bool))

    def free_with(self, mask: np.ndarray) -> int:
        """Free words if only those in `mask` stay."""
        stay = self.staying(mask)
        cues = sum(cue.words + self.format.entry_words for cue in stay)
        return self.format.num_words - cues - RECORD * len(self.records)

    def staying(self, mask: np.ndarray) -> list[Kept]:
        return [cue for cue, stays in zip(self.cues, mask, strict=False) if stays]

    def live(self, night, offered: int, mask: np.ndarray) -> int:
        """One night; returns how many of the offered cues were taken, which are those that fit."""
        task = len(self.records)
        self.cues = self.staying(mask)
        table, strings = jax.device_get(self.code(night.cues, night.label))
        self.records.append(b"".join(leaf.tobytes() for leaf in jax.tree.leaves(table)))
        self.records[-1] += b"".join(leaf.tobytes() for leaf in jax.tree.leaves(night.decoder))
        self.decoders.append(night.decoder)
        taken = 0
        for place in range(offered):
            lanes = zip(strings.words[place], strings.lengths[place], strict=True)
            new = Kept(
                task,
                int(night.label[place]),
                night.cues[place],
                [words[:length] for words, length in lanes],
            )
            if new.words + self.format.entry_words > self.free or len(self.cues) == SLOTS:
                break
            self.cues.append(new)
            taken += 1
        self.counts = [sum(cue.task == task for cue in self.cues) for task in range(TASKS)]
        return taken

    def block(self) -> np.ndarray:
        """Every word: strings from the front, zeros, and from the back records and entries."""
        words = np.zeros(self.format.num_words, np.uint16)
        place, end = 0, len(words)
        for record in self.records:
            content = np.frombuffer(record + bytes(len(record) % 2), "<u2")
            check = self.checksum(content)
            words[end - RECORD : end] = [*content, check >> 16, check & 0xFFFF]
            end -= RECORD
        for cue in self.cues:
            lengths = [len(string) for string in cue.strings]
            wide = self.format.entry_words > 1
            entry = [cue.label, *lengths] if wide else [256 * cue.label + lengths[0]]
            words[end - len(entry) : end] = entry
            end -= len(entry)
            for string in cue.strings:
                words[place : place + len(string)] = string
                place += len(string)
        assert end - place == self.free
        return words

    def bill(self) -> dict[str, int]:
        """Bytes: 4 of each count and of the checksum of the block; 1 of padding and 4 of checksum a record."""
        cues, records = len(self.cues), len(self.records)
        # A label takes half of a one-word entry, else a word of its own.
        label, lengths = (1, 1) if self.format.entry_words == 1 else (2, 2 * self.format.lanes)
        return {
            "strings": 2 * sum(cue.words for cue in self.cues),
            "index": cues * lengths + 4 * TASKS + 4,
            "labels": cues * label,
            "decoders": records * 31,
            "tables": records * 240,
            "checksums": records * 5 + 4,
            "free": 2 * self.free,
        }


def assert_agrees(bench, memory, model):
    format, number = bench.format, len(model.cues)
    block = model.block()
    np.testing.assert_array_equal(memory.words, block)
    counts = np.array([*model.counts, len(model.records)], "<i4").view("<u2")
    assert int(memory.check) == model.checksum(np.concatenate([block, counts]))
    assert memory.task_counts.tolist() == model.counts
    assert int(memory.num_records) == len(model.records)

    sight = bench.look(memory)
    np.testing.assert_array_equal(sight.stored, np.arange(SLOTS) < number)
    assert sight.intact[:number].all()
    assert sight.label[:number].tolist() == [cue.label for cue in model.cues]
    assert sight.task.tolist() == [cue.task for cue in model.cues] + [TASKS] * (SLOTS - number)
    for slot, cue in enumerate(model.cues):
        np.testing.assert_array_equal(sight.cues[slot], cue.cue)
    for task, decoder in enumerate(model.decoders):
        read = jax.tree.map(lambda leaf, task=task: leaf[task], sight.decoder)
        jax.tree.map(np.testing.assert_array_equal, read, decoder)

    bill = store.memory_bytes(memory, format)
    assert bill == model.bill()
    assert sum(bill.values()) == sum(leaf.nbytes for leaf in jax.tree.leaves(memory))
    assert int(store.free_words(memory, format)) == model.free
    assert int(store.used_words(memory, format)) == sum(cue.words for cue in model.cues)


@given(nights=st.lists(steps, min_size=1, max_size=TASKS))
@settings(max_examples=30, deadline=None)
def test_after_every_night_the_block_is_what_a_list_of_its_cues_says(bench, plain_checksum, nights):
    memory, model = bench.empty(), Model(bench, plain_checksum)
    assert_agrees(bench, memory, model)
    for step in nights:
        night = bench.draw(step.seed, NUMBER)
        mask = np.ones(SLOTS, bool)
        if step.kept is not None:
            # Free slots may be kept too: there is nothing in them to keep.
            mask = np.random.default_rng(step.kept).random(SLOTS) < 0.6
        # The record has to fit; the oldest go until it does.
        while model.free_with(mask) < RECORD:
            mask[np.argmax(mask)] = False
        count = model.live(night, step.offered, mask)
        memory = bench.remember(memory, night, count, mask)
        assert_agrees(bench, memory, model)
