"""Confidence by nearest features (Sun et al. 2022, "KNN", arXiv 2204.06507): how far an image lies from what is known.

The paper looks among the features of all training images. A learner no longer has those: here they are features of what
its memory recalls, by the network that is asked.
"""

import functools

import jax
import numpy as np
from numpy.typing import NDArray

from braincl_jax.evaluators.base import Exam
from braincl_jax.evaluators.detection import Scores
from braincl_jax.memory.recall import recall_slots
from braincl_jax.parts import compiled_recall
from braincl_jax.spread import spread

# Images compared at a time: similarities to 10,000 remembered ones take 80 MB.
CHUNK = 1000
SMALLEST_NORM = 1e-12


def remembered_features(exam: Exam, most: int) -> NDArray[np.float64] | None:
    """Unit features of what the memory recalls from at most `most` slots, evenly spread over all that are in use.

    Returns:
        float64 [M, F]; None where nothing is stored.

    Raises:
        CorruptMemoryError: a string failed its integrity check.
    """
    layout, memory = exam.method.layout, exam.fetch().memory
    index = jax.jit(layout.index)(memory)
    stored, tasks = np.flatnonzero(index.stored), np.asarray(index.task)
    if not len(stored):
        return None
    slots = stored[spread(len(stored), most)]
    recall = functools.partial(compiled_recall, layout)
    return np.concatenate(
        [
            unit(exam.features(recall_slots(recall, memory, task, slots[tasks[slots] == task])))
            for task in np.unique(tasks[slots]).tolist()
        ]
    )


def nearest(known: NDArray[np.floating], features: NDArray[np.floating], neighbours: int) -> Scores:
    """Negative distance of unit features to the k-th nearest of those that are known.

    Args:
        known: unit features [M, F], M from 1.
        features: [N, F], of any length.
        neighbours: k, from 1; the farthest one counts where there are fewer.

    Returns:
        float64 [N], from -2 to 0.
    """
    place = len(known) - min(neighbours, len(known))
    asked = unit(features)
    scores = [
        np.partition(asked[first : first + CHUNK] @ known.T, place, axis=1)[:, place]
        for first in range(0, len(asked), CHUNK)
    ]
    return -np.sqrt(np.maximum(2 - 2 * np.concatenate(scores), 0))


def unit(features: NDArray[np.floating]) -> NDArray[np.float64]:
    """Features [N, F] of length 1, float64."""
    exact = np.asarray(features, np.float64)
    lengths = np.linalg.norm(exact, axis=1, keepdims=True)
    return exact / np.maximum(lengths, SMALLEST_NORM)
