"""What a memory recalls, for people to look at and for PSNR."""

import functools

import jax
import numpy as np

from braincl_jax.parts import Parts
from braincl_jax.state import Memory
from braincl_jax.types import Recalled

CHUNK = 64


class CorruptMemoryError(RuntimeError):
    """A stored string failed its integrity check; the message names the slot."""


@functools.partial(jax.jit, static_argnames="parts")
def _recall_chunk(memory: Memory, task, slot, *, parts: Parts) -> Recalled:
    return parts.memory.recall(memory, task[None], slot[None])


def recall_slots(memory: Memory, task: int, slots: np.ndarray, *, parts: Parts) -> np.ndarray:
    """Recalls `slots` (integers [n], all of `task`): uint8 [n, H, W, C].

    Raises:
        CorruptMemoryError: a string failed its integrity check.
    """
    images = [np.zeros((0, *parts.spec.image_shape), np.uint8)]
    for first in range(0, len(slots), CHUNK):
        wanted = np.asarray(slots[first : first + CHUNK], np.int32)
        padded = np.resize(wanted, CHUNK)
        recalled = jax.device_get(_recall_chunk(memory, np.int32(task), padded, parts=parts))
        check_intact(int(np.where(recalled.intact, -1, padded).max()))
        images.append(recalled.image[0, : len(wanted)])
    return np.concatenate(images)


def check_intact(corrupt_slot: int) -> None:
    """Raises `CorruptMemoryError` unless `corrupt_slot` is -1."""
    if corrupt_slot >= 0:
        raise CorruptMemoryError(
            f"the string in slot {corrupt_slot} of long-term memory is damaged: it does not decode to the state it was "
            "encoded from. Restore the memory from an earlier checkpoint."
        )
