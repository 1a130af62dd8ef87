"""Recall quality: how close to the training images the memory recalls them, when all has been learned."""

import functools
import math
from collections.abc import Iterator, Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from braincl_jax.data import TaskStream
from braincl_jax.evaluators.base import Exam, Figures, Moment, Row
from braincl_jax.evaluators.metrics import psnr
from braincl_jax.memory.recall import recall_slots
from braincl_jax.parts import compiled_recall
from braincl_jax.registry import EVALUATORS
from braincl_jax.settings import settings

# Originals, and as many recalls, in memory at a time; and of large ones, numbers, which take some ten bytes each.
CHUNK, MOST_NUMBERS = 512, 1 << 24


@EVALUATORS.register("recall_quality")
@settings()
class RecallQuality:
    """Fills `recall_psnr_db`, the mean over all stored cues; None for a method that notes no `sources`."""

    when: ClassVar[Moment] = "at_end"
    rows: ClassVar[tuple[Row, ...]] = (Row("PSNR of recalled images", "recall_psnr_db", 1, "dB"),)

    def run(self, exam: Exam) -> Figures:
        if "sources" not in exam.notes:
            return {"psnr_db": None}
        sources, values = exam.notes["sources"], []
        for task in np.unique(sources[:, 0]).tolist():
            slots = np.flatnonzero(sources[:, 0] == task)
            for recalled, original in recalled_and_real(exam, slots):
                values.append(psnr(original, recalled))
        return {"psnr_db": float(np.concatenate(values).mean())}

    def summarise(self, figures: Mapping[int, Figures], stream: TaskStream) -> Figures:
        del stream
        (last,) = figures.values()
        return {"recall_psnr_db": last["psnr_db"]}


def recalled_and_real(
    exam: Exam, slots: NDArray[np.integer]
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """What slots of one task recall, and the training images that they are of, a few at a time.

    Args:
        exam: of a method that notes `sources`.
        slots: integers [n].

    Yields:
        uint8 [m, H, W, C] each, in the order of the slots: as many as little memory holds.

    Raises:
        CorruptMemoryError: a string failed its integrity check.
    """
    size = max(1, min(CHUNK, MOST_NUMBERS // math.prod(exam.stream.spec.image_shape)))
    recall, memory = functools.partial(compiled_recall, exam.method.layout), exam.fetch().memory
    for first in range(0, len(slots), size):
        some = slots[first : first + size]
        sources = exam.notes["sources"][some]
        task = int(sources[0, 0])
        yield (
            recall_slots(recall, memory, task, some),
            exam.stream.train_images(task, sources[:, 1]),
        )
