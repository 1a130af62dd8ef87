"""What a run with cues leaves beside its summary: the memory as a file, and recalls for people to look at."""

import functools
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from braincl_jax.data import TaskStream
from braincl_jax.files import written_whole
from braincl_jax.memory.cue_layout import CueLayout
from braincl_jax.memory.exchange import export_memory
from braincl_jax.memory.recall import recall_slots
from braincl_jax.parts import compiled_recall
from braincl_jax.state import Memory

# Of each task, and of how many tasks: pictures must not weigh more than the memory that they are of.
SHOWN_PER_TASK, MOST_TASKS = 12, 20


def export_cues(
    folder: Path,
    layout: CueLayout,
    memory: Memory,
    stream: TaskStream,
    sources: NDArray[np.int32],
) -> None:
    """Writes `memory.npz`, `sources.npy` and `recalls.npz`.

    The last holds some training images and what is recalled of them, `original` and `recalled`, uint8 [n, m, H, W, C],
    of n = `MOST_TASKS` tasks at most, from the first to the last, whose numbers are `task`, int [n].

    Args:
        folder: where to.
        layout: of the memory.
        memory: one device's arrays.
        stream: the tasks.
        sources: int32 [n, 2], task and image behind each slot.
    """
    export_memory(folder / "memory.npz", memory.long_term, layout, stream.class_order)
    with written_whole(folder / "sources.npy") as file:
        np.save(file, sources)
    recall = functools.partial(compiled_recall, layout)
    originals, recalls = [], []
    tasks = np.unique(sources[:, 0])
    tasks = tasks[np.linspace(0, len(tasks) - 1, min(len(tasks), MOST_TASKS)).astype(int)]
    for task in tasks.tolist():
        slots = np.flatnonzero(sources[:, 0] == task)
        slots = slots[np.linspace(0, len(slots) - 1, SHOWN_PER_TASK).astype(int)]
        originals.append(stream.train_images(task, sources[slots, 1]))
        recalls.append(recall_slots(recall, memory, task, slots))
    original, recalled = np.stack(originals), np.stack(recalls)
    with written_whole(folder / "recalls.npz") as file:
        np.savez(file, task=tasks, original=original, recalled=recalled)
