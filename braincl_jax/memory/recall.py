"""What a memory recalls, for people to look at and for PSNR."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from braincl_jax.memory.block.integrity import INTACT, check_intact
from braincl_jax.types import Array, PyTree, Recalled

CHUNK = 64


def recall_slots(
    recall: Callable[[PyTree, Array, Array], Recalled], memory: PyTree, task: int, slots: np.ndarray
) -> np.ndarray:
    """Recalls any number of slots in batches of one shape.

    Args:
        recall: (memory, task, slot) -> what is recalled, such as `parts.recall` of a memory, compiled or not.
        memory: one device's memory, handed to `recall`.
        task: the task of all slots.
        slots: integers [n].

    Returns:
        uint8 [n, H, W, C].

    Raises:
        ValueError: no slot is asked for.
        CorruptMemoryError: a string failed its integrity check.
    """
    if len(slots) == 0:
        raise ValueError("slots is empty: nothing to recall")
    images = []
    for first in range(0, len(slots), CHUNK):
        wanted = np.asarray(slots[first : first + CHUNK], np.int32)
        padded = np.resize(wanted, (1, CHUNK))
        recalled = jax.device_get(recall(memory, jnp.full(1, task), jnp.asarray(padded)))
        check_intact(int(np.where(recalled.intact, INTACT, padded).max()))
        images.append(recalled.image[0, : len(wanted)])
    return np.concatenate(images)
