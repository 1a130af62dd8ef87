"""Long-term memory: bit strings in an arena of words, a compact index, and each task's tables and decoder.

Slots are filled task by task, so a slot's task and the place of its string follow from counts and lengths and
are not stored.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import struct

from braincl_jax.memory import quantise, rans, tables
from braincl_jax.memory.budget import Capacity, smallest_unsigned, tree_bytes
from braincl_jax.memory.codec import Codec
from braincl_jax.types import Array, Index, PyTree, Recalled


class EpisodicMemory(struct.PyTreeNode):
    """Arrays of fixed shape; their bytes are the budget spent.

    Attributes:
        words: uint16 [W], the strings of slot 0, 1, ... end to end.
        lengths: uint8 or uint16 [S, L], words of each lane's string; 0 in free slots.
        labels: uint8 or uint16 [S].
        task_counts: int32 [T], cues stored of each task.
        tables: FrequencyTable of shapes [T, M, A] and [T, M].
        decoders: stored form of g_s (`quantise`), every leaf with a leading [T].
    """

    words: Array
    lengths: Array
    labels: Array
    task_counts: Array
    tables: tables.FrequencyTable
    decoders: PyTree


class Strings(NamedTuple):
    """Coded cues of one task.

    Attributes:
        words: uint16 [N, L, max_words], left-aligned.
        lengths: int32 [N, L].
    """

    words: Array
    lengths: Array


def max_string_words(latent_shape: tuple[int, int, int], lanes: int) -> int:
    """Room for one lane's string: the worst case, or 255 words where a byte must hold the length.

    255 words (510 bytes) for at most 1,024 letters are 4 bits a letter: no cue worth its bytes needs more.
    """
    height, width, channels = latent_shape
    letters = height * width * channels // lanes
    worst = rans.worst_case_words(letters)
    return min(worst, 255) if letters <= 1024 else worst


def empty_memory(
    capacity: Capacity,
    *,
    num_tasks: int,
    num_classes: int,
    lanes: int,
    max_words: int,
    empty_tables: tables.FrequencyTable,
    empty_decoders: PyTree,
) -> EpisodicMemory:
    """A memory without a cue."""
    return EpisodicMemory(
        words=jnp.zeros(capacity.num_words, jnp.uint16),
        lengths=jnp.zeros((capacity.num_slots, lanes), smallest_unsigned(max_words)),
        labels=jnp.zeros(capacity.num_slots, smallest_unsigned(num_classes - 1)),
        task_counts=jnp.zeros(num_tasks, jnp.int32),
        tables=empty_tables,
        decoders=empty_decoders,
    )


def memory_bytes(memory: EpisodicMemory) -> dict[str, int]:
    """The bill: bytes of each part; the sum of the rows is the bytes of all arrays of the memory."""
    return {
        "strings": tree_bytes(memory.words),
        "index": tree_bytes((memory.lengths, memory.task_counts)),
        "labels": tree_bytes(memory.labels),
        "decoders": tree_bytes(memory.decoders),
        "tables": tree_bytes(memory.tables),
    }


def index(memory: EpisodicMemory) -> Index:
    """Label and task of every slot."""
    ends = jnp.cumsum(memory.task_counts)
    slots = jnp.arange(len(memory.labels))
    task = jnp.searchsorted(ends, slots, side="right")
    return Index(memory.labels.astype(jnp.int32), task, slots < ends[-1])


def used_words(memory: EpisodicMemory) -> Array:
    """int32 scalar: words of the arena that hold strings."""
    return memory.lengths.astype(jnp.int32).sum()


def integrity_tag(label: Array, lane: Array) -> Array:
    """uint32 0..65535 that binds a string to its label and lane (multiplicative hashing, Knuth 6.4)."""
    mixed = (label.astype(jnp.uint32) * 64 + lane.astype(jnp.uint32) + 1) * jnp.uint32(2654435761)
    return mixed >> 16


def encode_cues(
    table: tables.FrequencyTable, cues: Array, label: Array, *, lanes: int, max_words: int
) -> Strings:
    """Entropy-codes rounded cues of one task.

    Args:
        table: that task's table, [M, A] and [M].
        cues: int32 [N, h, w, M].
        label: int32 [N].
        lanes: L, divides h * w.
        max_words: room for one string; `lengths` above it mark strings that did not fit.
    """
    number, height, width, channels = cues.shape
    letters = tables.to_letters(table, cues).reshape(
        number, lanes, height * width // lanes, channels
    )
    letters = letters.transpose(0, 1, 3, 2).reshape(number * lanes, channels, -1)
    tag = integrity_tag(jnp.repeat(label, lanes), jnp.tile(jnp.arange(lanes), number))
    words, lengths = rans.encode(letters, table.frequency, tag, max_words)
    return Strings(words.reshape(number, lanes, -1), lengths.reshape(number, lanes))


def append(memory: EpisodicMemory, strings: Strings, label: Array, count: Array) -> EpisodicMemory:
    """Writes the first `count` strings behind those already stored; they must fit (the writer sees to it).

    Args:
        memory: the memory.
        strings: coded cues in the order in which to store them.
        label: int32 [N].
        count: int32 scalar, <= N.
    """
    number, _, max_words = strings.words.shape
    keep = jnp.arange(number) < count
    lengths = jnp.where(keep[:, None], strings.lengths, 0)
    flat = lengths.reshape(-1)
    start = used_words(memory) + jnp.cumsum(flat) - flat
    offset = jnp.arange(max_words)[None]
    where = jnp.where(offset < flat[:, None], start[:, None] + offset, len(memory.words))
    slots = jnp.where(keep, memory.task_counts.sum() + jnp.arange(number), len(memory.labels))
    return memory.replace(
        words=memory.words.at[where].set(strings.words.reshape(-1, max_words), mode="drop"),
        lengths=memory.lengths.at[slots].set(lengths.astype(memory.lengths.dtype), mode="drop"),
        labels=memory.labels.at[slots].set(label.astype(memory.labels.dtype), mode="drop"),
    )


def read_cues(
    memory: EpisodicMemory, task: Array, slot: Array, latent_shape: tuple[int, int, int]
) -> tuple[Array, Array]:
    """Decodes stored cues, each group with its own task's table.

    Args:
        memory: the memory.
        task: int32 [G].
        slot: int32 [G, n], slots of that task.
        latent_shape: (h, w, M).

    Returns:
        cues float32 [G, n, h, w, M] and intact bool [G, n].
    """
    height, width, channels = latent_shape
    groups, size = slot.shape
    lanes = memory.lengths.shape[-1]
    lengths = memory.lengths.astype(jnp.int32)
    starts = (jnp.cumsum(lengths.reshape(-1)) - lengths.reshape(-1)).reshape(lengths.shape)
    label = memory.labels[slot].reshape(-1)
    frequency, lowest = memory.tables.frequency[task], memory.tables.lowest[task]
    letters, intact = rans.decode(
        memory.words,
        starts[slot].reshape(-1),
        lengths[slot].reshape(-1),
        rans.decode_table(frequency),
        jnp.repeat(jnp.arange(groups), size * lanes),
        integrity_tag(jnp.repeat(label, lanes), jnp.tile(jnp.arange(lanes), groups * size)),
        height * width // lanes,
    )
    letters = letters.reshape(groups, size, lanes, channels, -1).transpose(0, 1, 2, 4, 3)
    cues = tables.to_cues(
        lowest[:, None, None, None], letters.reshape(groups, size, height, width, channels)
    )
    return cues, intact.reshape(groups, size, lanes).all(-1)


def recall(memory: EpisodicMemory, task: Array, slot: Array, codec: Codec) -> Recalled:
    """Recalls images from their strings, each group with its own task's decoder.

    Args:
        memory: the memory.
        task: int32 [G].
        slot: int32 [G, n], slots of that task.
        codec: the networks.
    """
    cues, intact = read_cues(memory, task, slot, codec.latent_shape)
    decoders = quantise.dequantise(jax.tree.map(lambda leaf: leaf[task], memory.decoders))
    return Recalled(
        image=jax.vmap(codec.recall)(decoders, cues),
        label=memory.labels[slot].astype(jnp.int32),
        intact=intact,
    )
