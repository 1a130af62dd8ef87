"""Long-term memory: one block of 16-bit words, as large as the budget.

    | string of slot 0 | string of slot 1 | ...  free words  ... | entry 1 | entry 0 | record 1 | record 0 |

Strings grow from the front. From the back grow the records, one for each task (its decoder, its coding table, a
checksum), and before them the index, one entry for each slot (its label and the lengths of its lanes' strings).
Where decoders share a trunk, it lies behind the records, with a checksum of its own, and they hold the rest.
Slots are in the order of their tasks, so a slot's task and the place of its string follow from counts and lengths
and are not stored. Whatever is not needed for one thing is free for another: nothing but the size of the block is
planned ahead, neither the number of tasks nor that of cues.
"""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import struct

from braincl_jax.memory.block import packing
from braincl_jax.memory.block.integrity import checksum
from braincl_jax.memory.budget import tree_bytes
from braincl_jax.memory.coder import rans, tables
from braincl_jax.types import Array, Index, PyTree

# In an entry of one word, the label takes the upper byte and the length of the only string the lower one.
BYTE = 256
MOST_SHORT_WORDS = BYTE - 1
# Elsewhere each of them has a word.
MOST_STRING_WORDS, MOST_CLASSES = (1 << 16) - 1, 1 << 16


class EpisodicMemory(struct.PyTreeNode):
    """Arrays of fixed shape; their bytes are the budget.

    Attributes:
        words: uint16 [W], the block.
        task_counts: int32 [T], cues stored of each task.
        num_records: int32 scalar, tasks that have a record.
        check: uint32 scalar, checksum of the block and of the counts.
    """

    words: Array
    task_counts: Array
    num_records: Array
    check: Array


class TaskRecord(NamedTuple):
    """What a task leaves beside its strings.

    Attributes:
        table: what its strings are read by.
        decoder: stored form of g_s, by name, and of g_a where that is shared.
    """

    table: tables.CodingTable
    decoder: dict[str, PyTree]


class Part(NamedTuple):
    """As much of a `TaskRecord` as is a task's own, or as all tasks share.

    Attributes:
        table: None where the other part has it.
        decoder: some of its names.
    """

    table: tables.CodingTable | None
    decoder: dict[str, PyTree]


NOTHING = Part(None, {})


class Entries(NamedTuple):
    """The index, read.

    Attributes:
        label: int32 [S].
        lengths: int32 [S, L], words of each lane's string; 0 in free slots.
        stored: bool [S].
    """

    label: Array
    lengths: Array
    stored: Array


class Strings(NamedTuple):
    """Coded cues of one task.

    Attributes:
        words: uint16 [N, L, max_words], left-aligned.
        lengths: int32 [N, L].
    """

    words: Array
    lengths: Array


@dataclasses.dataclass(frozen=True, eq=False)
class Format:
    """The static facts that a block is read by.

    Attributes:
        latent_shape: (h, w, M).
        lanes: L, strings of a cue.
        num_classes: K.
        num_tasks: T, the most that there can be.
        num_slots: S, the most that there can be.
        num_words: W.
        max_words: room for one lane's string.
        record: shapes and dtypes of what each task leaves.
        trunk: shapes and dtypes of what all tasks share; its place is never free.
    """

    latent_shape: tuple[int, int, int]
    lanes: int
    num_classes: int
    num_tasks: int
    num_slots: int
    num_words: int
    max_words: int
    record: Part
    trunk: Part = NOTHING

    @property
    def entry_words(self) -> int:
        return entry_words(self.lanes, self.num_classes, self.max_words)

    @property
    def record_words(self) -> int:
        return part_words(self.record)

    @property
    def trunk_words(self) -> int:
        return part_words(self.trunk)

    @property
    def records_end(self) -> int:
        """Where the trunk begins, if there is one."""
        return self.num_words - self.trunk_words


def max_string_words(symbols: int, mean_words: float) -> int:
    """Room for one lane's string of `symbols` symbols, if strings take `mean_words` on average.

    The worst case; or 255 words, which a byte can hold, where hardly a string is longer. Later tasks may find less
    room than the first, hence a factor of 3.
    """
    worst = longest_string(symbols)
    return min(worst, MOST_SHORT_WORDS) if 3 * mean_words < BYTE else worst


def longest_string(symbols: int) -> int:
    """Words that no string of so many symbols exceeds, or that an entry can count."""
    return min(rans.worst_case_words(symbols), MOST_STRING_WORDS)


def entry_words(lanes: int, num_classes: int, max_words: int) -> int:
    """One word where label and length are a byte each, else one for each of them."""
    return 1 if lanes == 1 and num_classes <= BYTE and max_words < BYTE else lanes + 1


def part_words(part: PyTree) -> int:
    """Words of a record or trunk with its checksum, of shapes and dtypes; 0 where there is no array."""
    return packing.num_words(part) + 2 if jax.tree.leaves(part) else 0


def empty_memory(format: Format) -> EpisodicMemory:
    """A memory without a cue."""
    return sealed(
        EpisodicMemory(
            words=jnp.zeros(format.num_words, jnp.uint16),
            task_counts=jnp.zeros(format.num_tasks, jnp.int32),
            num_records=jnp.int32(0),
            check=jnp.uint32(0),
        )
    )


def sealed(memory: EpisodicMemory) -> EpisodicMemory:
    """The same memory with the checksum that fits its content."""
    counts = packing.pack((memory.task_counts, memory.num_records))
    of_counts = checksum(counts, before=len(memory.words))
    return memory.replace(check=checksum(memory.words) + of_counts)


def used_words(memory: EpisodicMemory, format: Format) -> Array:
    """int32 scalar: words of the block that hold strings."""
    return read_entries(memory, format).lengths.sum()


def free_words(memory: EpisodicMemory, format: Format) -> Array:
    """int32 scalar: words of the block that hold nothing."""
    index_words = memory.task_counts.sum() * format.entry_words
    return index_end(memory, format) - index_words - used_words(memory, format)


def index_end(memory: EpisodicMemory, format: Format) -> Array:
    """int32 scalar: the first word of the records, before which the index ends."""
    return format.records_end - memory.num_records * format.record_words


def memory_bytes(memory: EpisodicMemory, format: Format) -> dict[str, int]:
    """The bill: bytes of each part and what is free; the sum of the rows is the bytes of all arrays."""
    whole = tree_bytes((memory.words, memory.task_counts, memory.num_records, memory.check))
    cues, records = int(memory.task_counts.sum()), int(memory.num_records)
    label = 1 if format.entry_words == 1 else 2
    rows = {
        "strings": 2 * int(used_words(memory, format)),
        "index": cues * (2 * format.entry_words - label)
        + tree_bytes((memory.task_counts, memory.num_records)),
        "labels": cues * label,
        "decoders": records * tree_bytes(format.record.decoder) + tree_bytes(format.trunk.decoder),
        "tables": records * tree_bytes(format.record.table) + tree_bytes(format.trunk.table),
        "checksums": records * _padding_and_checksum(format.record)
        + _padding_and_checksum(format.trunk)
        + tree_bytes(memory.check),
    }
    return rows | {"free": whole - sum(rows.values())}


def _padding_and_checksum(part: PyTree) -> int:
    return 2 * part_words(part) - tree_bytes(part)


def read_entries(memory: EpisodicMemory, format: Format) -> Entries:
    """The index of all S slots."""
    size, lanes = format.entry_words, format.lanes
    slot = jnp.arange(format.num_slots)
    stored = slot < memory.task_counts.sum()
    first = (index_end(memory, format) - (slot + 1) * size)[:, None]
    # Free slots may lie before the block: their words are not looked at.
    entry = jnp.take(memory.words, first + jnp.arange(size)[None], mode="clip").astype(jnp.int32)
    if size == 1:
        label, lengths = entry[:, 0] // BYTE, entry % BYTE
    else:
        label, lengths = entry[:, 0], entry[:, 1 : 1 + lanes]
    return Entries(label, jnp.where(stored[:, None], lengths, 0), stored)


def pack_entries(label: Array, lengths: Array, format: Format) -> Array:
    """uint16 [n, entry words] of labels int32 [n] and lengths int32 [n, L]."""
    if format.entry_words == 1:
        return (label[:, None] * BYTE + lengths).astype(jnp.uint16)
    return jnp.concatenate([label[:, None], lengths], 1).astype(jnp.uint16)


def index(memory: EpisodicMemory, format: Format) -> Index:
    """Label and task of every slot."""
    entries = read_entries(memory, format)
    return Index(entries.label, slot_tasks(memory, format), entries.stored)


def slot_tasks(memory: EpisodicMemory, format: Format) -> Array:
    """int32 [S]: the task of each slot; T where nothing is stored."""
    ends = jnp.cumsum(memory.task_counts)
    return jnp.searchsorted(ends, jnp.arange(format.num_slots), side="right").astype(jnp.int32)


def string_starts(lengths: Array) -> Array:
    """int32 [S, L]: where each lane's string begins, of lengths int32 [S, L]."""
    flat = lengths.reshape(-1)
    return (jnp.cumsum(flat) - flat).reshape(lengths.shape)


def read_record(memory: EpisodicMemory, format: Format, task: Array) -> tuple[TaskRecord, Array]:
    """The record of a task (int32 scalar) with what it shares, and whether that is as it was written (bool)."""
    own, own_intact = read_own_record(memory, format, task)
    trunk, trunk_intact = read_trunk(memory, format)
    table = own.table if trunk.table is None else trunk.table
    assert table is not None, "one of both has it"
    return TaskRecord(table, own.decoder | trunk.decoder), own_intact & trunk_intact


def read_own_record(memory: EpisodicMemory, format: Format, task: Array) -> tuple[Part, Array]:
    """What no other task shares of `read_record`."""
    start = format.records_end - (task + 1) * format.record_words
    words = jax.lax.dynamic_slice(memory.words, (start,), (format.record_words,))
    return _unpack_part(words, format.record)


def read_trunk(memory: EpisodicMemory, format: Format) -> tuple[Part, Array]:
    """What all tasks share, and whether it is as the first task wrote it (bool scalar)."""
    return _unpack_part(memory.words[format.records_end :], format.trunk)


def _unpack_part(words: Array, shapes: Part) -> tuple[Part, Array]:
    if not part_words(shapes):
        return shapes, jnp.bool_(True)
    content, check = words[:-2], words[-2:].astype(jnp.uint32)
    intact = checksum(content) == (check[0] << 16) | check[1]
    return packing.unpack(content, shapes), intact


def pack_part(part: Part) -> Array:
    """A record or trunk with its checksum: uint16 [`part_words`]."""
    if not jax.tree.leaves(part):
        return jnp.zeros(0, jnp.uint16)
    content = packing.pack(part)
    check = checksum(content)
    halves = jnp.stack([check >> 16, check & 0xFFFF]).astype(jnp.uint16)
    return jnp.concatenate([content, halves])
