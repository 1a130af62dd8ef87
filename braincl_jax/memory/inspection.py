"""A whole memory looked through: what in it is damaged."""

import math

import jax
import jax.numpy as jnp
import numpy as np

from braincl_jax.memory import cue_strings
from braincl_jax.memory.block import store
from braincl_jax.memory.block.store import EpisodicMemory, Format

# Cues that are decoded together, and latents of them at most.
CHUNK, CHUNK_LATENTS = 256, 1 << 22

# Their loops would be compiled anew at every call.
_read_cues = jax.jit(cue_strings.read_cues, static_argnames="format")
_read_entries = jax.jit(store.read_entries, static_argnames="format")
_read_own_record = jax.jit(store.read_own_record, static_argnames="format")
_read_trunk = jax.jit(store.read_trunk, static_argnames="format")
_sealed = jax.jit(store.sealed)


def find_damages(memory: EpisodicMemory, format: Format) -> list[str]:
    """Everything that fails its check, in words; none for a memory that is as it was written.

    A change of one word anywhere is found for certain, by the checksum of block and counts. Where it is, is
    told by the checksums of each task's record and of what their decoders share, and by the end of each string.
    """
    counts, records = np.asarray(memory.task_counts), int(memory.num_records)
    used = records * format.record_words + int(counts.sum()) * format.entry_words
    if (
        not 0 <= records <= format.num_tasks
        or counts.min() < 0
        or counts[records:].any()
        or counts.sum() > format.num_slots
        or used > format.records_end
    ):
        return [
            f"the counts are impossible: {records} records, cues of each task {counts.tolist()}, in a block of "
            f"{format.num_words} words for at most {format.num_tasks} tasks and {format.num_slots} cues"
        ]
    entries = _read_entries(memory, format)
    # int32 could overflow.
    if int(np.asarray(entries.lengths).sum(dtype=np.int64)) + used > format.records_end:
        return ["the lengths in the index add up to more words than there are"]
    unknown = np.flatnonzero(entries.stored & (entries.label >= format.num_classes))
    if len(unknown):
        return [f"label of slot {slot}: there are {format.num_classes} classes" for slot in unknown]
    shared = not records or bool(_read_trunk(memory, format)[1])
    damages = [] if shared else ["the trunk that all tasks share"]
    for task in range(records):
        if not _read_own_record(memory, format, jnp.int32(task))[1]:
            damages.append(f"table or decoder of task {task}")
        elif shared:
            damages += [f"string or entry of slot {slot}" for slot in _broken(memory, format, task)]
    if not damages and _sealed(memory).check != memory.check:
        damages.append(
            "words of the block that no string, entry or record uses, the counts, or the checksum"
        )
    return damages


def _broken(memory: EpisodicMemory, format: Format, task: int) -> list[int]:
    """Slots of a task whose strings do not end as they must."""
    counts = np.asarray(memory.task_counts)
    first = int(counts[:task].sum())
    size = min(CHUNK, max(1, CHUNK_LATENTS // math.prod(format.latent_shape)))
    broken = []
    for start in range(first, first + int(counts[task]), size):
        slots = np.arange(start, min(start + size, first + int(counts[task])))
        padded = jnp.asarray(np.resize(slots, (1, size)))
        intact = _read_cues(memory, format, jnp.full(1, task), padded).intact
        broken += slots[~np.asarray(jax.device_get(intact))[0, : len(slots)]].tolist()
    return broken
