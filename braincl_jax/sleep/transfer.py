"""Transfer: falling asleep, the cues in working memory move to long-term memory, and a g_a of its own is dropped.

A task may have far more cues than there is room to code at once, so they are coded in chunks, and twice: first to know
how long their strings are, on which the policy decides; then those that it has chosen, straight into the block.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from braincl_jax.memory import cue_strings
from braincl_jax.memory.block import store, writing
from braincl_jax.memory.codec import quantise
from braincl_jax.memory.coder import tables
from braincl_jax.memory.cue_layout import CueLayout
from braincl_jax.memory.policy import Candidates
from braincl_jax.memory.selection import rank_within_class, running_total
from braincl_jax.memory.working import EMPTY, WorkingMemory, cues_at, emptied
from braincl_jax.parts import Parts
from braincl_jax.sleep.fall_asleep import fall_asleep
from braincl_jax.state import BrainState, Memory
from braincl_jax.types import Array, Metrics, Now

NOTHING = -1
# Latents that are coded together. Coding goes latent by latent of a cue, whatever the number of cues: more of them
# take less time, and some 50 bytes of room each.
CHUNK_LATENTS = 1 << 22


class Choice(NamedTuple):
    """What is in long-term memory afterwards.

    Attributes:
        kept: bool [S], slots that stay.
        order: int32 [N], the task's cues: first those that are stored, in the order of their class.
        count: int32 scalar, how many of them are stored.
        excess: int32 scalar, words that the policy kept beyond those that there are; 0 or less for one that can count.
    """

    kept: Array
    order: Array
    count: Array
    excess: Array


class Measured(NamedTuple):
    """What is known of the task's cues before any of them is stored.

    Attributes:
        table: what they are coded by.
        lengths: int32 [N, L], words of their strings.
        clipped: int32 scalar, latents outside the table's window.
    """

    table: tables.CodingTable
    lengths: Array
    clipped: Array


def chunk_size(working: WorkingMemory) -> int:
    """Cues that are coded together."""
    number, *latent_shape = working.cues.shape
    return min(number, max(1, CHUNK_LATENTS // int(np.prod(latent_shape))))


def measure(memory: Memory, task: Array, layout: CueLayout) -> Measured:
    """The table for the cues in working memory, which are those of `task`, and the lengths of all their strings."""
    working: WorkingMemory = memory.working
    number, size = len(working.labels), chunk_size(working)
    chunks = jnp.arange(-(-number // size) * size).reshape(-1, size)

    def there(index: Array) -> Array:
        return (index < number) & (working.labels.at[index].get(mode="clip") != EMPTY)

    low, high = jax.lax.map(
        lambda index: tables.extent(cues_at(working, index), there(index)), chunks
    )
    table = table_for(memory, task, low.min(0), high.max(0), layout)

    def code(index: Array) -> tuple[Array, Array]:
        cues = cues_at(working, index)
        label = working.labels.at[index].get(mode="clip")
        strings = cue_strings.encode_cues(table, cues, label, layout.format)
        known = tables.to_cues(table.lowest, tables.to_symbols(table, cues))
        clipped = (known != cues) & there(index)[:, None, None, None]
        return strings.lengths, clipped.sum()

    lengths, clipped = jax.lax.map(code, chunks)
    lengths = lengths.reshape(-1, layout.format.lanes)[:number]
    return Measured(table, lengths, clipped.sum())


def table_for(
    memory: Memory, task: Array, low: Array, high: Array, layout: CueLayout
) -> tables.CodingTable:
    """What cues of the extent `low` and `high`, int32 [M] each, are coded by.

    It is of the density that the task has trained; where all tasks share it, that of the first, with room for cues that
    reach further than its own.
    """
    density = memory.working.codec["density"]
    if layout.format.trunk.table is None:
        return tables.build_for(density, low, high)
    first = tables.build_for(density, *tables.with_room(low, high))
    shared, _ = store.read_trunk(memory.long_term, layout.format)
    return jax.tree.map(lambda new, old: jnp.where(task > 0, old, new), first, shared.table)


def choose(
    layout: CueLayout,
    state: Memory,
    task: Array,
    lengths: Array,
    label: Array,
    valid: Array,
    key: Array,
) -> Choice:
    """Lets the budget policy decide what stays and what is added.

    Args:
        layout: of the memory.
        state: its arrays.
        task: int32 scalar, whose cues are to be stored.
        lengths: int32 [N, L], words of the strings of the task's cues.
        label: int32 [N].
        valid: bool [N], which of them may be stored.
        key: PRNG key for the policy.
    """
    entries = store.read_entries(state.long_term, layout.format)
    slots = layout.format.num_slots
    candidates = Candidates(
        label=jnp.concatenate([entries.label, label]),
        task=jnp.concatenate(
            [store.slot_tasks(state.long_term, layout.format), jnp.full_like(label, task)]
        ),
        words=jnp.concatenate([entries.lengths.sum(-1), lengths.sum(-1)])
        + layout.format.entry_words,
        new=jnp.arange(slots + len(label)) >= slots,
        valid=jnp.concatenate([entries.stored, valid]),
    )
    funds = layout.funds(state, task)
    keep = layout.policy.keep(key, candidates, funds, layout.policy.allowance(funds))
    keep = keep & candidates.valid
    room = funds.total - (task + 1) * funds.record
    excess = running_total(jnp.where(keep, candidates.words, 0))[-1] - room
    kept, added = keep[:slots], keep[slots:]
    added = first_of_classes(label, added, slots - kept.sum())
    return Choice(kept, jnp.lexsort((label, ~added)), added.sum(), excess)


def first_of_classes(label: Array, added: Array, most: Array) -> Array:
    """Which to add after all, bool [N]: at most `most`, equally many of each class as far as they go.

    Very short strings might be more than there are slots; what is over must not be all of the last classes.

    Args:
        label: int32 [N].
        added: bool [N].
        most: int32 scalar, at least 0.
    """
    rank = rank_within_class(label, ~added)
    order = jnp.lexsort((label, rank, ~added))
    return added & jnp.zeros(len(label), bool).at[order].set(jnp.arange(len(label)) < most)


def store_chosen(
    state: Memory, choice: Choice, record: store.TaskRecord, layout: CueLayout
) -> tuple[store.EpisodicMemory, Array]:
    """The long-term memory with what `choice` says and the record of the task, and how many words strings take."""
    working: WorkingMemory = state.working
    format, size = layout.format, chunk_size(working)
    opened = writing.compact(state.long_term, format, choice.kept)
    opened = writing.open_record(opened, format, record)

    def add(
        chunk: Array, grown: tuple[store.EpisodicMemory, Array]
    ) -> tuple[store.EpisodicMemory, Array]:
        block, used = grown
        index = choice.order.at[chunk * size + jnp.arange(size)].get(mode="clip")
        label = working.labels[index]
        strings = cue_strings.encode_cues(record.table, cues_at(working, index), label, format)
        left = jnp.minimum(choice.count - chunk * size, size)
        return writing.append(block, format, used, strings, label, left)

    chunks = -(-choice.count // size)
    full, used = jax.lax.fori_loop(0, chunks, add, (opened, store.used_words(opened, format)))
    return store.sealed(full), used


def transfer_step(
    state: BrainState,
    batch: None,
    now: Now,
    axis_name: str | None = None,
    *,
    parts: Parts,
    layout: CueLayout,
) -> tuple[BrainState, Metrics]:
    """Entropy-codes the task's cues, stores what the budget allows, and empties working memory.

    Run once per task; `batch` is None. The table is built from the trained density, the decoder is stored
    quantised, and nothing is left of a g_a that is not shared.

    Returns:
        The new state, and `stored`, `dropped` (cues that found no room), `evicted` (older cues that made room),
        `clipped` (latents outside the table's window, or of int8), `mean_bytes` per string stored now, `free_bytes`
        of the block afterwards, `overspent_bytes` (what the policy kept beyond the block: if not 0, memory is not what
        it should be), and `origin` int32 [S], for people who want to compare recall and image, what is in each slot
        now: i >= 0 is the task's image i, -2 - s is what was in slot s before, -1 is nothing.
    """
    del batch, axis_name
    working: WorkingMemory = state.memory.working
    there = working.labels != EMPTY
    measured = measure(state.memory, state.progress.task, layout)
    choice = choose(
        layout,
        state.memory,
        state.progress.task,
        measured.lengths,
        working.labels,
        there & (measured.lengths <= layout.format.max_words).all(-1),
        now.key,
    )
    decoder = quantise.quantise(layout.codec.stored(working.codec), layout.settings.storage)
    record = store.TaskRecord(measured.table, decoder)
    long_term, used = store_chosen(state.memory, choice, record, layout)
    is_stored = jnp.arange(len(there)) < choice.count
    words = jnp.where(is_stored, measured.lengths[choice.order].sum(-1), 0).sum()
    metrics = {
        "stored": choice.count,
        "dropped": there.sum() - choice.count,
        "evicted": state.memory.long_term.task_counts.sum() - choice.kept.sum(),
        "clipped": working.clipped + measured.clipped,
        "mean_bytes": 2 * (words / jnp.maximum(choice.count, 1)),
        "overspent_bytes": bytes_of(jnp.maximum(choice.excess, 0)),
        "free_bytes": bytes_of(store.free_words(long_term, layout.format)),
        "origin": origins(choice, is_stored),
    }
    empty = layout.empty_working(working.codec, working.log_tradeoff)
    asleep = fall_asleep(state, parts)
    return asleep.replace(
        memory=state.memory.replace(working=emptied(working, empty, used), long_term=long_term)
    ), metrics


def bytes_of(words: Array) -> Array:
    """uint32 scalar, bytes of words, an int32 scalar: 2^31 and more of them are possible."""
    return 2 * words.astype(jnp.uint32)


def origins(choice: Choice, is_stored: Array) -> Array:
    """int32 [S]: what each slot holds after the transfer (see `transfer_step`)."""
    slots = len(choice.kept)
    stays = jnp.concatenate([choice.kept, is_stored])
    origin = jnp.concatenate([NOTHING - 1 - jnp.arange(slots), choice.order])
    where = jnp.where(stays, jnp.cumsum(stays) - 1, slots)
    return jnp.full(slots, NOTHING, jnp.int32).at[where].set(origin.astype(jnp.int32), mode="drop")
