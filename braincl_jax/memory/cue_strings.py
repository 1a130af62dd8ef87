"""Cues become strings of a block, are read from it again, and become images.

What lies where in the block is in `store`; how a cue is coded, in `coding`.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from braincl_jax.memory.block.integrity import integrity_tag
from braincl_jax.memory.block.store import (
    EpisodicMemory,
    Format,
    Strings,
    read_entries,
    read_record,
    string_starts,
)
from braincl_jax.memory.codec import quantise
from braincl_jax.memory.codec.transforms import Codec
from braincl_jax.memory.coder import coding, tables
from braincl_jax.types import Array, Recalled


def encode_cues(table: tables.CodingTable, cues: Array, label: Array, format: Format) -> Strings:
    """Entropy-codes rounded cues of one task.

    Args:
        table: that task's table.
        cues: int32 [N, h, w, M].
        label: int32 [N].
        format: `lengths` above `format.max_words` mark strings that did not fit.
    """
    number, lanes = len(cues), format.lanes
    tag = integrity_tag(jnp.repeat(label, lanes), jnp.tile(jnp.arange(lanes), number))
    words, lengths = coding.encode(table, cues, tag, lanes, format.max_words)
    return Strings(words.reshape(number, lanes, -1), lengths.reshape(number, lanes))


class StoredCues(NamedTuple):
    """What the strings of some slots say.

    Attributes:
        cues: int16 [G, n, h, w, M].
        label: int32 [G, n].
        intact: bool [G, n], whether string and record are as they were written.
    """

    cues: Array
    label: Array
    intact: Array


def read_cues(memory: EpisodicMemory, format: Format, task: Array, slot: Array) -> StoredCues:
    """Decodes stored cues, each group with its own task's table.

    Args:
        memory: the memory.
        format: its format.
        task: int32 [G].
        slot: int32 [G, n], slots of that task.
    """
    height, width, channels = format.latent_shape
    (groups, size), lanes = slot.shape, format.lanes
    entries = read_entries(memory, format)
    record, record_intact = jax.vmap(lambda one: read_record(memory, format, one))(task)
    label = entries.label[slot]
    every_label, lane = jnp.broadcast_arrays(label[..., None], jnp.arange(lanes))
    strings = coding.Lanes(
        start=string_starts(entries.lengths)[slot].reshape(-1),
        length=entries.lengths[slot].reshape(-1),
        which=jnp.repeat(jnp.arange(groups), size * lanes),
        tag=integrity_tag(every_label, lane).reshape(-1),
    )
    latents, intact = coding.decode(memory.words, strings, record.table, height // lanes, width)
    return StoredCues(
        cues=latents.reshape(groups, size, height, width, channels).astype(jnp.int16),
        label=label,
        intact=intact.reshape(groups, size, lanes).all(-1) & record_intact[:, None],
    )


def complete(
    memory: EpisodicMemory, format: Format, task: Array, read: StoredCues, codec: Codec
) -> Recalled:
    """Images from cues, each group with its own task's decoder.

    Args:
        memory: the memory.
        format: its format.
        task: int32 [G].
        read: of G groups.
        codec: the networks.
    """
    record, _ = jax.vmap(lambda one: read_record(memory, format, one))(task)
    decoders = quantise.dequantise(record.decoder)
    # One after another: vmap would make grouped convolutions of it, for which XLA has nothing fast on CPUs.
    image = jax.lax.map(lambda one: codec.recall(*one), (decoders, read.cues.astype(jnp.float32)))
    return Recalled(image, read.label, read.intact)


def recall(
    memory: EpisodicMemory, format: Format, task: Array, slot: Array, codec: Codec
) -> Recalled:
    """Images of slots int32 [G, n]; group g is of task `task[g]`."""
    return complete(memory, format, task, read_cues(memory, format, task, slot), codec)
