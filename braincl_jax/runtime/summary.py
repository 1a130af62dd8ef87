"""`summary.json`: what a run learned, what its memory weighs, and what it cost."""

import platform
from collections.abc import Callable
from importlib import metadata
from typing import Any, NamedTuple

import numpy as np

from braincl_jax.data import TaskStream
from braincl_jax.evaluators import psnr, recall_slots, summarise
from braincl_jax.memory.budget import tree_bytes
from braincl_jax.parts import Parts
from braincl_jax.report.page import RecallSample
from braincl_jax.state import BrainState, Memory
from braincl_jax.types import Array, Recalled

PACKAGES = ("braincl_jax", "jax", "flax", "optax", "numpy")
SHOWN_PER_TASK = 12
# Images held at a time while all are compared; a multiple of what is recalled at a time.
READ_AT_ONCE = 1024
EXAMPLES_SEEN = {"encode": "codec", "refine": "refinement", "classify": "wake", "replay": "sleep"}


class RecallQuality(NamedTuple):
    """How well the memory recalls.

    Attributes:
        psnr_db: mean over all stored cues of the PSNR against their training image.
        sample: pairs to look at.
    """

    psnr_db: float
    sample: RecallSample


def measure_recall(
    recall: Callable[[Memory, Array, Array], Recalled],
    memory: Memory,
    stream: TaskStream,
    sources: np.ndarray,
) -> RecallQuality:
    """Recalls every stored cue from the final memory and compares it with the image that it was made from.

    Args:
        recall: `parts.recall` of the memory, compiled.
        memory: one device's memory.
        stream: the tasks.
        sources: int32 [n, 2], task and image behind each slot.
    """
    values, originals, recalls = [], [], []
    for task in np.unique(sources[:, 0]):
        slots = np.flatnonzero(sources[:, 0] == task)
        for start in range(0, len(slots), READ_AT_ONCE):
            some = slots[start : start + READ_AT_ONCE]
            original = stream.train_images(int(task), sources[some, 1])
            values.append(psnr(original, recall_slots(recall, memory, int(task), some)))
        shown = slots[np.linspace(0, len(slots) - 1, SHOWN_PER_TASK).astype(int)]
        originals.append(stream.train_images(int(task), sources[shown, 1]))
        recalls.append(recall_slots(recall, memory, int(task), shown))
    sample = RecallSample(np.stack(originals), np.stack(recalls))
    return RecallQuality(float(np.concatenate(values).mean()), sample)


def summarise_run(
    state: BrainState,
    *,
    parts: Parts,
    stream: TaskStream,
    accuracy: np.ndarray,
    recall: RecallQuality | None,
    seconds: dict[str, float],
    device: str,
) -> dict[str, Any]:
    """The content of `summary.json`; accuracies are fractions, bytes are bytes, seconds are seconds.

    `memory_bytes` is the bill of long-term memory; beside it stand, for comparison, what the classifier weighs
    (`classifier_bytes`), the arrays of working memory (`working_bytes`; empty during sleep, except for methods that
    keep the task's images) and the uint8 images of one replay batch. `bits_per_pixel` is the whole bill by pixel of
    the images stored.
    """
    config, spec = parts.config, stream.spec
    sizes = np.asarray(stream.test_sizes)
    bill = parts.memory.bill(state.memory)
    stored = parts.memory.num_stored(state.memory)
    height, width, channels = spec.image_shape
    network_bytes = tree_bytes((state.encoder.params, state.encoder.batch_stats))
    return {
        "method": config.method,
        "dataset": config.dataset,
        "seed": config.seed,
        "num_tasks": spec.num_tasks,
        "class_order": list(stream.class_order),
        "evaluated_on": stream.evaluated_on,
        "accuracy_matrix": [
            [float(value) if column <= row else None for column, value in enumerate(values)]
            for row, values in enumerate(accuracy)
        ],
        "test_sizes": sizes.tolist(),
        **summarise(accuracy, sizes),
        "memory_bytes": bill | {"total": sum(bill.values())},
        "budget_bytes": config.budget_bytes,
        "raw_train_bytes": spec.num_images * height * width * channels,
        "classifier_bytes": network_bytes,
        "working_bytes": tree_bytes(state.memory.working),
        "replay_batch_bytes": config.sleep.batch_size * height * width * channels,
        "num_cues": stored,
        "num_train_images": spec.num_images,
        "bits_per_pixel": 8 * sum(bill.values()) / (stored * height * width) if stored else None,
        "recall_psnr_db": recall.psnr_db if recall else None,
        "examples_seen": {
            EXAMPLES_SEEN[phase]: int(count)
            for phase, count in state.consolidation.examples.items()
        },
        "wall_seconds": {phase: round(value, 2) for phase, value in seconds.items()},
        "versions": {"python": platform.python_version()}
        | {name: metadata.version(name) for name in PACKAGES},
        "device": device,
    }
