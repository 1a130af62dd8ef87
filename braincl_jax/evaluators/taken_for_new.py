"""Taken for new: whether a network takes images of older classes for new ones where they are real, and not recalled.

One that sees new classes raw and older ones recalled could learn to tell the two apart in place of the classes. Then
real images of older classes are taken for new ones more often than the same images recalled, and recalled images of
new classes are taken for older ones more often than the same images real.
"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from braincl_jax.data import TaskStream
from braincl_jax.evaluators.base import Exam, Figures, Moment, Row
from braincl_jax.evaluators.recall_quality import recalled_and_real
from braincl_jax.registry import EVALUATORS
from braincl_jax.settings import at_least, settings
from braincl_jax.spread import spread

FIGURES = ("test", "old_recalled", "old_real", "new_recalled", "new_real")


@EVALUATORS.register("taken_for_new")
@settings()
class TakenForNew:
    """Five shares, each a number for each task, None where there is nothing to ask about, as after the first task.

    `taken_for_new_test`: of the real test images of older classes, those that are taken for a class of the newest task.
    Of at most `images` images that the memory has of older tasks, and as many of the newest one: `..._old_recalled` and
    `..._old_real`, those of older tasks that are taken for a class of the newest, recalled and as the training images
    that they are of; `..._new_recalled` and `..._new_real`, those of the newest task that are taken for one of its
    classes. These four are None for a method that notes no `sources`. `mean_taken_for_new_test` and so on are the means
    over tasks. Classes that come again count as new.
    """

    when: ClassVar[Moment] = "after_task"
    rows: ClassVar[tuple[Row, ...]] = (
        Row("old test images taken for new, mean over tasks", "mean_taken_for_new_test", 100, "%"),
        Row("the same of recalled training images", "mean_taken_for_new_old_recalled", 100, "%"),
        Row("the same of the real ones", "mean_taken_for_new_old_real", 100, "%"),
        Row("new images taken for new, recalled", "mean_taken_for_new_new_recalled", 100, "%"),
        Row("new images taken for new, real", "mean_taken_for_new_new_real", 100, "%"),
    )

    images: int = at_least(1, default=500)

    def run(self, exam: Exam) -> Figures:
        nothing: dict[str, float | None] = dict.fromkeys(FIGURES)
        newest = np.asarray(exam.stream.spec.task_classes[exam.task])
        answers = exam.seen()
        old = ~np.isin(answers.label, newest)
        if not old.any():
            return nothing
        found = {**nothing, "test": share_of(answers.logits[old], newest)}
        if "sources" not in exam.notes:
            return found
        task = exam.notes["sources"][:, 0]
        for name, these in (("old", task < exam.task), ("new", task == exam.task)):
            those = np.flatnonzero(these)
            slots = those[spread(len(those), self.images)]
            recalled, real = self._images(exam, slots)
            found[f"{name}_recalled"] = share_of(exam.predict(recalled), newest)
            found[f"{name}_real"] = share_of(exam.predict(real), newest)
        return found

    def _images(self, exam: Exam, slots: NDArray[np.integer]) -> tuple[NDArray, NDArray]:
        """What slots of any tasks recall, and the training images that they are of, in the order of their tasks."""
        task = exam.notes["sources"][slots, 0]
        pieces = [
            pair
            for one in np.unique(task).tolist()
            for pair in recalled_and_real(exam, slots[task == one])
        ]
        recalled, real = (np.concatenate(images) for images in zip(*pieces, strict=True))
        return recalled, real

    def summarise(self, figures: Mapping[int, Figures], stream: TaskStream) -> Figures:
        del stream
        summary = {}
        for name in FIGURES:
            values = [figures[task][name] for task in sorted(figures)]
            there = [value for value in values if value is not None]
            summary[f"taken_for_new_{name}"] = values
            summary[f"mean_taken_for_new_{name}"] = float(np.mean(there)) if there else None
        return summary


def share_of(logits: NDArray[np.floating], classes: NDArray[np.integer]) -> float:
    """Share of the answers, logits [N, K], that are one of some classes, [k]."""
    return float(np.isin(logits.argmax(-1), classes).mean())
