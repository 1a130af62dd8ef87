"""Transfer: falling asleep, the cues of the day move to long-term memory and g_a is dropped."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from braincl_jax.memory import quantise, store, tables, working
from braincl_jax.memory.cue_memory import CueMemory
from braincl_jax.memory.selection import class_balanced_order
from braincl_jax.parts import Parts
from braincl_jax.sleep.fall_asleep import fall_asleep
from braincl_jax.state import BrainState, step_key
from braincl_jax.types import Array, Metrics


class Packed(NamedTuple):
    """Cues of one task, coded and in the order in which they are stored.

    Attributes:
        strings: words [N, L, max_words], lengths [N, L].
        label: int32 [N].
        source: int32 [N], index of the image among its task's images.
        count: int32 scalar, how many of them are stored.
    """

    strings: store.Strings
    label: Array
    source: Array
    count: Array


def choose(
    strings: store.Strings, label: Array, valid: Array, words: Array, slots: Array, key: Array
) -> Packed:
    """Keeps as many cues as fit, class-balanced, and puts them in the order of their class.

    Args:
        strings: coded cues.
        label: int32 [N].
        valid: bool [N], which of them may be stored.
        words: int32 scalar, words to spend.
        slots: int32 scalar, slots to spend.
        key: decides which cues of a class go first.
    """
    order = class_balanced_order(key, label, valid)
    length = strings.lengths.sum(-1)
    spent = jnp.cumsum(jnp.where(valid, length, 0)[order])
    fits = valid[order] & (spent <= words) & (jnp.arange(len(order)) < slots)
    order = order[jnp.lexsort((label[order], ~fits))]
    return Packed(jax.tree.map(lambda leaf: leaf[order], strings), label[order], order, fits.sum())


def transfer_step(
    state: BrainState, batch: None, *, parts: Parts, axis_name: str | None = None
) -> tuple[BrainState, Metrics]:
    """Rounds and entropy-codes the task's cues, stores what the budget allows, and empties working memory.

    Run once per task; `batch` is None. The table is built from the trained density, the decoder is stored
    quantised, and nothing of g_a is left in the new state.

    Returns:
        The new state, and `stored`, `dropped` (cues that found no room), `clipped` (latents outside the table's
        window), `mean_bytes` per stored string, and `source` int32 [N]: the
        task's image index behind each new slot, -1 beyond the last.
    """
    del batch, axis_name
    memory = parts.memory
    assert isinstance(memory, CueMemory)
    day: working.WorkingMemory = state.memory.working
    task = state.progress.task
    there = day.labels != working.EMPTY
    cues = jnp.round(day.cues).astype(jnp.int32)
    table = tables.build(day.codec["density"], cues, there, parts.config.codec.alphabet_size)
    coded = store.encode_cues(
        table, cues, day.labels, lanes=memory.lanes, max_words=memory.max_words
    )
    fits = there & (coded.lengths <= memory.max_words).all(-1)
    words, slots = memory.share(state.memory, task)
    packed = choose(coded, day.labels, fits, words, slots, step_key(state, "transfer"))

    def put(old: Array, new: Array) -> Array:
        return old.at[task].set(new)

    stored: store.EpisodicMemory = state.memory.long_term
    stored = store.append(stored, packed.strings, packed.label, packed.count).replace(
        task_counts=put(stored.task_counts, packed.count),
        tables=jax.tree.map(put, stored.tables, table),
        decoders=jax.tree.map(put, stored.decoders, quantise.quantise(day.codec["synthesis"])),
    )
    kept = jnp.arange(len(cues)) < packed.count
    clipped = tables.to_cues(table.lowest, tables.to_letters(table, cues)) != cues
    mean_words = jnp.where(kept, packed.strings.lengths.sum(-1), 0).sum()
    mean_words = mean_words / jnp.maximum(packed.count, 1)
    metrics = {
        "stored": packed.count,
        "dropped": there.sum() - packed.count,
        "clipped": (clipped & there[:, None, None, None]).sum(),
        "mean_bytes": 2 * mean_words,
        "source": jnp.where(kept, packed.source, -1),
    }
    asleep = fall_asleep(state, parts)
    emptied = state.memory.replace(working=memory.empty_working(day.codec), long_term=stored)
    return asleep.replace(memory=emptied), metrics
