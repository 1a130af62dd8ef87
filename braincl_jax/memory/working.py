"""Working memory: the current task's codec and cues, filled while awake and emptied by transfer."""

import jax.numpy as jnp
from flax import struct

from braincl_jax.types import Array, PyTree

EMPTY = -1
LOWEST, HIGHEST = -128, 127


class WorkingMemory(struct.PyTreeNode):
    """Not part of the byte budget: it holds one task and is empty between tasks, but for `log_tradeoff`.

    Attributes:
        cues: int8 [N, h, w, M], rounded.
        labels: int32 [N], `EMPTY` where nothing is written.
        clipped: int32 scalar, latents that int8 could not hold.
        codec: {"analysis", "synthesis", "density"}, float32; zeros between tasks.
        codec_opt: optimiser state of `codec`.
        log_tradeoff: log of lambda, the weight of the recall error against the rate, float32 scalar. A task starts
            where the last one ended.
    """

    cues: Array
    labels: Array
    clipped: Array
    codec: PyTree
    codec_opt: PyTree
    log_tradeoff: Array


def write(working: WorkingMemory, index: Array, cues: Array, label: Array) -> WorkingMemory:
    """Writes latents float32 [B, h, w, M] and labels int32 [B] at `index` int32 [B]; -1 is left out.

    Latents are rounded, and clipped to -128..127.
    """
    # -1 would be the last place, N is none.
    where = jnp.where(index < 0, len(working.labels), index)
    cues = jnp.round(cues)
    beyond = ((cues < LOWEST) | (cues > HIGHEST)).sum((1, 2, 3))
    cues = jnp.clip(cues, LOWEST, HIGHEST).astype(jnp.int8)
    return working.replace(
        cues=working.cues.at[where].set(cues, mode="drop"),
        labels=working.labels.at[where].set(label, mode="drop"),
        clipped=working.clipped + jnp.where(index < 0, 0, beyond).sum(),
    )


def cues_at(working: WorkingMemory, index: Array) -> Array:
    """The cues int32 [n, h, w, M] at `index` int32 [n], as they are coded."""
    return working.cues.at[index].get(mode="clip").astype(jnp.int32)


def emptied(working: WorkingMemory, empty: WorkingMemory, after: Array) -> WorkingMemory:
    """`empty`, with its large array in the place of that of `working`, where this is donated.

    Args:
        working: what is to be emptied.
        empty: zeros of the same shapes.
        after: int32 scalar, never negative, that is known only after the last look at the cues: their zeros depend on
            it. XLA would otherwise make zeros of its own first, and copies of the cues to have room for them.
    """
    return empty.replace(cues=jnp.where(after < 0, working.cues, jnp.int8(0)))
