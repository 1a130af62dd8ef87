"""How a budget will be shared, before anything is stored: from shapes alone."""

import jax.numpy as jnp

from braincl_jax.memory.block.store import Format, part_words
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
    tasks, record = format.num_tasks, format.record
    parts = tree_bytes(record.decoder), tree_bytes(record.table), tree_bytes(format.trunk)
    decoders, tables, trunk = parts
    whole = WORD * format.num_words + COUNTER * (tasks + 2)
    rows = {
        "decoders": tasks * decoders + trunk,
        "tables": tasks * tables,
        "checksums": tasks * (WORD * format.record_words - decoders - tables)
        + WORD * part_words(format.trunk)
        - trunk
        + COUNTER,
    }
    return {"cues": whole - sum(rows.values())} | rows
