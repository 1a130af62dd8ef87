"""How a budget will be shared, before anything is stored: from shapes alone."""

import jax.numpy as jnp

from braincl_jax.memory.block.store import Format
from braincl_jax.memory.budget import tree_bytes
from braincl_jax.memory.cue_layout import CueLayout
from braincl_jax.memory.policy import Funds

# Of a word, and of a counter beside the block.
WORD, COUNTER = 2, 4


def task_shares(layout: CueLayout) -> tuple[int, ...]:
    """Bytes that strings and entries of each task may take when it arrives, if those before it took all they might."""
    format, shares = layout.format, []
    free = format.records_end
    for task in range(layout.spec.num_tasks):
        funds = Funds(
            total=format.records_end,
            free=jnp.int32(free),
            record=format.record_words,
            task=jnp.int32(task),
            task_sizes=jnp.asarray(layout.spec.task_sizes),
        )
        allowed = int(layout.policy.allowance(funds))
        shares.append(WORD * allowed)
        free = max(free - allowed - format.record_words, 0)
    return tuple(shares)


def full_rows(format: Format) -> dict[str, int]:
    """Bytes by row when all tasks are stored, in sum what all arrays weigh; "cues" are strings, index and labels."""
    tasks, own, shared = format.num_tasks, format.record, format.trunk
    whole = WORD * format.num_words + COUNTER * (tasks + 2)
    decoders = tasks * tree_bytes(own.decoder) + tree_bytes(shared.decoder)
    tables = tasks * tree_bytes(own.table) + tree_bytes(shared.table)
    parts = WORD * (tasks * format.record_words + format.trunk_words)
    rows = {
        "decoders": decoders,
        "tables": tables,
        "checksums": parts - decoders - tables + COUNTER,
    }
    return {"cues": whole - sum(rows.values())} | rows
