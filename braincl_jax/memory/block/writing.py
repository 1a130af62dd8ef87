"""Writing into a block: cues are dropped, the record of a task is opened, and its cues are appended.

Every function takes a memory and returns one, laid out as `store` says, in which what nothing needs is 0; only the
checksum is left as it was, until all is written (`store.sealed`). Whether things fit is not checked: `policy` sees to
it. No function needs more room than a piece of the block and some numbers for each slot.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from braincl_jax.memory.block import store
from braincl_jax.memory.block.store import EpisodicMemory, Format, Part, Strings, TaskRecord
from braincl_jax.types import Array

# Words of the block that are written together.
PIECE = 1 << 16
NOWHERE = -1


def compact(memory: EpisodicMemory, format: Format, kept: Array) -> EpisodicMemory:
    """Drops the slots that are not `kept` (bool [S]); those behind them close up in their order."""
    entries = store.read_entries(memory, format)
    kept = kept & entries.stored
    lengths = entries.lengths.sum(-1)
    left = jnp.where(kept, lengths, 0)
    used, ends = lengths.sum(), jnp.cumsum(left)
    starts = jnp.cumsum(lengths) - lengths
    first_gap = jnp.where(entries.stored & ~kept, starts, used).min()
    shift = starts - (ends - left)

    # Strings move to the left only, so that no piece needs a word that an earlier one has overwritten.
    def closed_up(words: Array, place: Array) -> Array:
        slot = jnp.minimum(jnp.searchsorted(ends, place, side="right"), len(ends) - 1)
        moved = jnp.take(words, place + shift[slot], mode="clip")
        return jnp.where(place < ends[-1], moved, 0)

    words = _fill(memory.words, first_gap, used, closed_up)
    end = store.index_end(memory, format)
    slot = jnp.where(kept, jnp.cumsum(kept) - 1, NOWHERE)
    packed = store.pack_entries(entries.label, entries.lengths, format)
    words = _write_entries(words, format, end, slot, packed)
    index_start, index_left = (end - n.sum() * format.entry_words for n in (entries.stored, kept))
    words = _fill(words, index_start, index_left, lambda words, place: jnp.zeros_like(place))
    counts = jnp.zeros_like(memory.task_counts)
    counts = counts.at[store.slot_tasks(memory, format)].add(kept.astype(jnp.int32), mode="drop")
    return memory.replace(words=words, task_counts=counts)


def open_record(memory: EpisodicMemory, format: Format, record: TaskRecord) -> EpisodicMemory:
    """Writes the record of the next task, which has no cues yet; the index moves to the left.

    Args:
        memory: with room for a record.
        format: its format.
        record: with what tasks share; of that, the first task's is kept.
    """
    entries = store.read_entries(memory, format)
    start = store.index_end(memory, format) - format.record_words
    slot = jnp.where(entries.stored, jnp.arange(format.num_slots), NOWHERE)
    packed = store.pack_entries(entries.label, entries.lengths, format)
    words = _write_entries(memory.words, format, start, slot, packed)
    own, trunk = (store.pack_part(_part_of(record, part)) for part in (format.record, format.trunk))
    words = jax.lax.dynamic_update_slice(words, own, (start,))
    end = format.records_end
    words = words.at[end:].set(jnp.where(memory.num_records == 0, trunk, words[end:]))
    return memory.replace(words=words, num_records=memory.num_records + 1)


def _part_of(record: TaskRecord, shapes: Part) -> Part:
    """As much of a whole record as `shapes` has."""
    table = None if shapes.table is None else record.table
    return Part(table, {name: record.decoder[name] for name in shapes.decoder})


def append(
    memory: EpisodicMemory, format: Format, used: Array, added: Strings, label: Array, count: Array
) -> tuple[EpisodicMemory, Array]:
    """Adds cues of the task whose record is the last, behind all others.

    Args:
        memory: with room for them.
        format: its format.
        used: int32 scalar, `store.used_words(memory)`, which would have to go through the index to know.
        added: n coded cues.
        label: int32 [n], theirs.
        count: int32 scalar; as many of them are added, the first.

    Returns:
        The memory, and what is used now.
    """
    number, lanes, room = added.words.shape
    new = jnp.arange(number) < count
    lengths = jnp.where(new[:, None], added.lengths, 0)
    ends = jnp.cumsum(lengths.reshape(-1))
    starts = used + ends - lengths.reshape(-1)

    def appended(words: Array, place: Array) -> Array:
        del words
        lane = jnp.searchsorted(ends, place - used, side="right")
        lane = jnp.minimum(lane, number * lanes - 1)
        return jnp.take(added.words.reshape(-1), lane * room + place - starts[lane], mode="clip")

    words = _fill(memory.words, used, used + ends[-1], appended)
    slot = jnp.where(new, memory.task_counts.sum() + jnp.arange(number), NOWHERE)
    packed = store.pack_entries(label, lengths, format)
    words = _write_entries(words, format, store.index_end(memory, format), slot, packed)
    counts = memory.task_counts.at[memory.num_records - 1].add(count)
    return memory.replace(words=words, task_counts=counts), used + ends[-1]


def _fill(
    words: Array, first: Array, last: Array, value_at: Callable[[Array, Array], Array]
) -> Array:
    """The block with the words from `first` to before `last` (int32 scalars) replaced, from left to right.

    Args:
        words: uint16 [W].
        first: where to begin.
        last: where to stop.
        value_at: (the block as it is by now, places int32 [n]) -> words [n].
    """
    size = min(PIECE, len(words))

    def fill(index: Array, words: Array) -> Array:
        start = first + index * size
        at = jnp.minimum(start, len(words) - size)
        place = at + jnp.arange(size)
        new = value_at(words, place).astype(jnp.uint16)
        old = jax.lax.dynamic_slice(words, (at,), (size,))
        piece = jnp.where((place >= start) & (place < last), new, old)
        return jax.lax.dynamic_update_slice(words, piece, (at,))

    return jax.lax.fori_loop(0, -((first - last) // size), fill, words)


def _write_entries(words: Array, format: Format, end: Array, slot: Array, packed: Array) -> Array:
    """The block with entries of an index that ends before word `end`.

    Args:
        words: uint16 [W].
        format: its format.
        end: int32 scalar.
        slot: int32 [n], `NOWHERE` for entries to leave out.
        packed: uint16 [n, entry words].
    """
    first = end - (slot + 1) * format.entry_words
    place = first[:, None] + jnp.arange(format.entry_words)[None]
    place = jnp.where(slot[:, None] == NOWHERE, len(words), place)
    return words.at[place].set(packed, mode="drop")
