"""What a run with cues leaves beside its summary: the memory as a file, and recalls for people to look at."""

import functools
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from braincl_jax.data import TaskStream
from braincl_jax.memory.cue_layout import CueLayout
from braincl_jax.memory.exchange import export_memory
from braincl_jax.memory.recall import recall_slots
from braincl_jax.parts import compiled_recall
from braincl_jax.state import Memory

# Of each task.
SHOWN_PER_TASK = 12


def export_cues(
    folder: Path,
    layout: CueLayout,
    memory: Memory,
    stream: TaskStream,
    sources: NDArray[np.int32],
) -> None:
    """Writes `memory.npz`, `sources.npy` and `recalls.npz` (uint8 [T, m, H, W, C], `original` and `recalled`).

    Args:
        folder: where to.
        layout: of the memory.
        memory: one device's arrays.
        stream: the tasks.
        sources: int32 [n, 2], task and image behind each slot.
    """
    export_memory(folder / "memory.npz", memory.long_term, layout, stream.class_order)
    np.save(folder / "sources.npy", sources)
    recall = functools.partial(compiled_recall, layout)
    originals, recalls = [], []
    for task in np.unique(sources[:, 0]).tolist():
        slots = np.flatnonzero(sources[:, 0] == task)
        slots = slots[np.linspace(0, len(slots) - 1, SHOWN_PER_TASK).astype(int)]
        originals.append(stream.train_images(task, sources[slots, 1]))
        recalls.append(recall_slots(recall, memory, task, slots))
    np.savez(folder / "recalls.npz", original=np.stack(originals), recalled=np.stack(recalls))
