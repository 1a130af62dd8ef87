"""Fingerprint: what recalled images betray that real ones do not, and a network could learn in place of classes.

A network that sleeps on recalled images and is asked about real ones is misled by whatever marks the recalled ones: of
which task's decoder they are, and, less badly, that they are recalled at all. A small probe (`probe`) is taught to tell
both from some recalled images and is asked about others.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from braincl_jax.data import TaskStream
from braincl_jax.evaluators import probe
from braincl_jax.evaluators.base import Exam, Figures, Moment, Row
from braincl_jax.evaluators.recall_quality import recalled_and_real
from braincl_jax.registry import EVALUATORS
from braincl_jax.settings import at_least, settings

# Of larger images, the middle is looked at.
LARGEST_SIDE = 64


@EVALUATORS.register("fingerprint")
@settings()
class Fingerprint:
    """Three shares of images that a probe tells correctly; None for a method that notes no `sources`.

    Of at most `images` training images half are for teaching, half for asking; equally many of each task.

    `fingerprint_recalled`: recalled images from the real ones they are of, 0.5 is chance.
    `fingerprint_task`: the task of recalled images, by a probe that was taught with recalled ones; and
    `fingerprint_task_real`, what the same probe says of the real images they are of. The content is the same, so
    what is missing is what the decoders had signed.
    """

    when: ClassVar[Moment] = "at_end"
    rows: ClassVar[tuple[Row, ...]] = (
        Row("recalled images told from real ones", "fingerprint_recalled", 100, "%"),
        Row("task told, of recalled images", "fingerprint_task", 100, "%"),
        Row("task told, of the real ones", "fingerprint_task_real", 100, "%"),
    )

    images: int = at_least(2, default=2000)

    def run(self, exam: Exam) -> Figures:
        if "sources" not in exam.notes:
            return dict.fromkeys(("recalled", "task", "task_real"))
        seed = exam.method.parts.config.seed
        sources = exam.notes["sources"]
        tasks = np.unique(sources[:, 0])
        slots = [
            chosen(np.flatnonzero(sources[:, 0] == task), self.images // len(tasks), seed)
            for task in tasks.tolist()
        ]
        recalled, real = (
            middle(np.concatenate(images))
            for images in zip(*(recalled_and_real(exam, some) for some in slots), strict=True)
        )
        task = np.repeat(np.arange(len(tasks)), [len(some) for some in slots])
        taught = np.concatenate([np.arange(len(some)) % 2 == 0 for some in slots])
        figures: dict[str, Any] = {"recalled": told_from_real(recalled, real, taught, seed)}
        tell = probe.fit(recalled[taught], task[taught], len(tasks), seed)
        for name, asked in (("task", recalled), ("task_real", real)):
            figures[name] = float((tell(asked[~taught]) == task[~taught]).mean())
        return figures

    def summarise(self, figures: Mapping[int, Figures], stream: TaskStream) -> Figures:
        del stream
        (last,) = figures.values()
        return {f"fingerprint_{name}": value for name, value in last.items()}


def chosen(slots: NDArray[np.integer], number: int, seed: int) -> NDArray[np.integer]:
    """At most `number`, but at least 2 if there are so many, of some slots, in random order."""
    return np.random.default_rng(seed).permutation(slots)[: max(number, 2)]


def middle(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """At most `LARGEST_SIDE` rows and columns of uint8 [N, H, W, C]."""
    top, left = (max(side - LARGEST_SIDE, 0) // 2 for side in images.shape[1:3])
    return images[:, top : top + LARGEST_SIDE, left : left + LARGEST_SIDE]


def told_from_real(
    recalled: NDArray[np.uint8], real: NDArray[np.uint8], taught: NDArray[np.bool_], seed: int
) -> float:
    """Share of the images that are not `taught`, recalled and real, of which a probe says rightly what they are."""
    both = np.concatenate([recalled[taught], real[taught]])
    tell = probe.fit(both, np.repeat([1, 0], taught.sum()), 2, seed)
    return float(((tell(recalled[~taught]) == 1).mean() + (tell(real[~taught]) == 0).mean()) / 2)
