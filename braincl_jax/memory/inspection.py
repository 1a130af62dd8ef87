"""A whole memory looked through: what in it is damaged."""

import jax
import jax.numpy as jnp
import numpy as np

from braincl_jax.memory import cue_strings
from braincl_jax.memory.block import store
from braincl_jax.memory.block.store import EpisodicMemory, Format

CHUNK = 256

# Its loops would be compiled anew for every task.
_read_cues = jax.jit(cue_strings.read_cues, static_argnames="format")


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
    if int(store.used_words(memory, format)) + used > format.records_end:
        return ["the lengths in the index add up to more words than there are"]
    shared = not records or bool(store.read_trunk(memory, format)[1])
    damages = [] if shared else ["the trunk that the decoders of all tasks share"]
    for task in range(records):
        if not store.read_own_record(memory, format, jnp.int32(task))[1]:
            damages.append(f"table or decoder of task {task}")
        elif shared:
            damages += [f"string or entry of slot {slot}" for slot in _broken(memory, format, task)]
    if not damages and store.sealed(memory).check != memory.check:
        damages.append(
            "words of the block that no string, entry or record uses, the counts, or the checksum"
        )
    return damages


def _broken(memory: EpisodicMemory, format: Format, task: int) -> list[int]:
    """Slots of a task whose strings do not end as they must."""
    counts = np.asarray(memory.task_counts)
    first = int(counts[:task].sum())
    broken = []
    for start in range(first, first + int(counts[task]), CHUNK):
        slots = np.arange(start, min(start + CHUNK, first + int(counts[task])))
        padded = jnp.asarray(np.resize(slots, (1, CHUNK)))
        intact = _read_cues(memory, format, jnp.full(1, task), padded).intact
        broken += slots[~np.asarray(jax.device_get(intact))[0, : len(slots)]].tolist()
    return broken
