"""Working memory: the current task's codec and cues, filled while awake and emptied by transfer."""

import jax.numpy as jnp
from flax import struct

from braincl_jax.types import Array, PyTree

EMPTY = -1


class WorkingMemory(struct.PyTreeNode):
    """Not part of the byte budget: it holds one task and is empty between tasks.

    Attributes:
        cues: float32 [N, h, w, M], latents not yet rounded.
        averages: Adam's first and second average of each cue's gradient, float32 [N, h, w, M] each; without rows
            where cues are not refined.
        labels: int32 [N], `EMPTY` where nothing is written.
        codec: {"analysis", "synthesis", "density"}, float32; zeros between tasks.
        codec_opt: optimiser state of `codec`.
    """

    cues: Array
    averages: tuple[Array, Array]
    labels: Array
    codec: PyTree
    codec_opt: PyTree


def write(working: WorkingMemory, index: Array, cues: Array, label: Array) -> WorkingMemory:
    """Writes cues float32 [B, h, w, M] and labels int32 [B] at `index` int32 [B]; -1 is left out."""
    where = jnp.where(index < 0, len(working.labels), index)
    return working.replace(
        cues=working.cues.at[where].set(cues, mode="drop"),
        labels=working.labels.at[where].set(label, mode="drop"),
    )


def rewrite(
    working: WorkingMemory, index: Array, cues: Array, averages: tuple[Array, Array]
) -> WorkingMemory:
    """Replaces cues and averages float32 [B, h, w, M] at `index` int32 [B], no index twice; -1 is left out."""
    where = jnp.where(index < 0, len(working.labels), index)
    first, second = (
        old.at[where].set(new, mode="drop")
        for old, new in zip(working.averages, averages, strict=True)
    )
    return working.replace(
        cues=working.cues.at[where].set(cues, mode="drop"), averages=(first, second)
    )
