"""Transfer: falling asleep, the cues in working memory move to long-term memory and g_a is dropped."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from braincl_jax.memory import cue_strings
from braincl_jax.memory.block import store
from braincl_jax.memory.codec import quantise
from braincl_jax.memory.coder import tables
from braincl_jax.memory.cue_layout import CueLayout
from braincl_jax.memory.policy import Candidates
from braincl_jax.memory.working import EMPTY, WorkingMemory
from braincl_jax.parts import Parts
from braincl_jax.sleep.fall_asleep import fall_asleep
from braincl_jax.state import BrainState, Memory
from braincl_jax.types import Array, Metrics, Now

NOTHING = -1


class Choice(NamedTuple):
    """What is in long-term memory afterwards.

    Attributes:
        kept: bool [S], slots that stay.
        order: int32 [N], the task's cues: first those that are stored, in the order of their class.
        count: int32 scalar, how many of them are stored.
    """

    kept: Array
    order: Array
    count: Array


def choose(
    layout: CueLayout,
    state: Memory,
    task: Array,
    strings: store.Strings,
    label: Array,
    valid: Array,
    key: Array,
) -> Choice:
    """Lets the budget policy decide what stays and what is added.

    Args:
        layout: of the memory.
        state: its arrays.
        task: int32 scalar, whose cues are to be stored.
        strings: coded cues of the task.
        label: int32 [N].
        valid: bool [N], which of them may be stored.
        key: PRNG key for the policy.
    """
    entries = store.read_entries(state.long_term, layout.format)
    slots = layout.format.num_slots
    candidates = Candidates(
        label=jnp.concatenate([entries.label, label]),
        words=jnp.concatenate([entries.lengths.sum(-1), strings.lengths.sum(-1)])
        + layout.format.entry_words,
        new=jnp.arange(slots + len(label)) >= slots,
        valid=jnp.concatenate([entries.stored, valid]),
    )
    funds = layout.funds(state, task)
    keep = layout.policy.keep(key, candidates, funds, layout.policy.allowance(funds))
    kept, added = keep[:slots], keep[slots:]
    # Very short strings might be more than there are slots.
    count = jnp.minimum(added.sum(), slots - kept.sum())
    return Choice(kept, jnp.lexsort((label, ~added)), count)


def transfer_step(
    state: BrainState,
    batch: None,
    now: Now,
    axis_name: str | None = None,
    *,
    parts: Parts,
    layout: CueLayout,
) -> tuple[BrainState, Metrics]:
    """Rounds and entropy-codes the task's cues, stores what the budget allows, and empties working memory.

    Run once per task; `batch` is None. The table is built from the trained density, the decoder is stored
    quantised, and nothing of g_a is left in the new state.

    Returns:
        The new state, and `stored`, `dropped` (cues that found no room), `evicted` (older cues that made room),
        `clipped` (latents outside the table's window), `mean_bytes` per string stored now, `free_bytes` of the block
        afterwards, and `origin` int32 [S], for people who want to compare recall and image, what is in each slot now:
        i >= 0 is the task's image i, -2 - s is what was in slot s before, -1 is nothing.
    """
    del batch, axis_name
    working: WorkingMemory = state.memory.working
    stored: store.EpisodicMemory = state.memory.long_term
    task = state.progress.task
    there = working.labels != EMPTY
    cues = jnp.round(working.cues).astype(jnp.int32)
    table = tables.build(working.codec["density"], cues, there)
    coded = cue_strings.encode_cues(table, cues, working.labels, layout.format)
    fits = there & (coded.lengths <= layout.format.max_words).all(-1)
    choice = choose(layout, state.memory, task, coded, working.labels, fits, now.key)
    added = jax.tree.map(lambda leaf: leaf[choice.order], coded)
    rewritten = store.rewrite(
        stored,
        layout.format,
        kept=choice.kept,
        added=added,
        label=working.labels[choice.order],
        count=choice.count,
        record=store.Record(
            table, quantise.quantise(working.codec["synthesis"], layout.settings.storage)
        ),
    )
    clipped = tables.to_cues(table.lowest, tables.to_symbols(table, cues)) != cues
    is_stored = jnp.arange(len(cues)) < choice.count
    mean_words = jnp.where(is_stored, added.lengths.sum(-1), 0).sum() / jnp.maximum(choice.count, 1)
    metrics = {
        "stored": choice.count,
        "dropped": there.sum() - choice.count,
        "evicted": stored.task_counts.sum() - choice.kept.sum(),
        "clipped": (clipped & there[:, None, None, None]).sum(),
        "mean_bytes": 2 * mean_words,
        "free_bytes": 2 * store.free_words(rewritten, layout.format),
        "origin": origins(choice, is_stored),
    }
    asleep = fall_asleep(state, parts)
    emptied = state.memory.replace(working=layout.empty_working(working.codec), long_term=rewritten)
    return asleep.replace(memory=emptied), metrics


def origins(choice: Choice, is_stored: Array) -> Array:
    """int32 [S]: what each slot holds after the transfer (see `transfer_step`)."""
    slots = len(choice.kept)
    stays = jnp.concatenate([choice.kept, is_stored])
    origin = jnp.concatenate([NOTHING - 1 - jnp.arange(slots), choice.order])
    where = jnp.where(stays, jnp.cumsum(stays) - 1, slots)
    return jnp.full(slots, NOTHING, jnp.int32).at[where].set(origin.astype(jnp.int32), mode="drop")
