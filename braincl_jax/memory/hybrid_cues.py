"""A memory of cues that also takes images which have come in from the data set."""

import dataclasses
from typing import NamedTuple

import jax.numpy as jnp

from braincl_jax.memory.cue_layout import CueLayout
from braincl_jax.memory.cue_strings import StoredCues
from braincl_jax.memory.exemplars import CameIn
from braincl_jax.state import Memory
from braincl_jax.types import Array, Recalled


class Beside(NamedTuple):
    """What belongs to the groups of a step, some of which are recalled, while others have come in.

    Attributes:
        read: what the strings say, of all groups.
        came_in: images, for all groups.
    """

    read: StoredCues
    came_in: CameIn


@dataclasses.dataclass(frozen=True, eq=False)
class HybridCueLayout(CueLayout):
    """Implements `parts.MemoryLayout`: slots are cues, and -1 stands for an image that has come in."""

    def complete(
        self, memory: Memory, task: Array, slot: Array, read: StoredCues | Beside
    ) -> Recalled:
        """Images of slots int32 [G, n]; of slots -1, those of `read.came_in`."""
        if not isinstance(read, Beside):
            return super().complete(memory, task, slot, read)
        recalled, came_in = super().complete(memory, task, slot, read.read), slot < 0
        over_pixels = came_in[..., None, None, None]
        return Recalled(
            image=jnp.where(over_pixels, read.came_in.image, recalled.image),
            label=jnp.where(came_in, read.came_in.label, recalled.label),
            intact=recalled.intact | came_in,
        )
