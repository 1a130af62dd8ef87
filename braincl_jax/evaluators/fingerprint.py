"""Fingerprint: what recalled images betray that real ones do not, and a network could learn in place of classes.

A network that sleeps on recalled images and is asked about real ones is misled by whatever marks the recalled ones: of
which task's decoder they are, and, less badly, that they are recalled at all. A small probe (`probe`) is taught to tell
both from some images and is asked about others.
"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from braincl_jax.data import TaskStream
from braincl_jax.evaluators import probe
from braincl_jax.evaluators.base import Exam, Figures, Moment, Row
from braincl_jax.evaluators.recall_quality import recalled_and_real
from braincl_jax.registry import EVALUATORS
from braincl_jax.settings import at_least, settings


@EVALUATORS.register("fingerprint")
@settings()
class Fingerprint:
    """Three shares of images that a probe tells correctly; None for a method that notes no `sources`.

    Of at most `images` training images, equally many of each task, half are for teaching and half for asking.

    `fingerprint_recalled`: recalled images from the real ones that they are of; 0.5 is chance.
    `fingerprint_task`: the task of recalled images, taught with recalled ones.
    `fingerprint_task_real`: the task of the real images behind them, taught with real ones: what content tells.
    By as much as the one is above the other, decoders have signed what they recall.
    """

    when: ClassVar[Moment] = "at_end"
    rows: ClassVar[tuple[Row, ...]] = (
        Row("recalled images told from real ones", "fingerprint_recalled", 100, "%"),
        Row("task told, of recalled images", "fingerprint_task", 100, "%"),
        Row("task told, of the real ones", "fingerprint_task_real", 100, "%"),
    )

    images: int = at_least(4, default=2000)

    def run(self, exam: Exam) -> Figures:
        if "sources" not in exam.notes:
            return dict.fromkeys(("recalled", "task", "task_real"))
        sources, rng = exam.notes["sources"], np.random.default_rng(exam.method.parts.config.seed)
        tasks = np.unique(sources[:, 0])
        slots = [
            rng.permutation(np.flatnonzero(sources[:, 0] == task))[
                : max(self.images // len(tasks), 2)
            ]
            for task in tasks.tolist()
        ]
        # Of images themselves nothing is kept: large ones would fill the memory.
        features = [
            [probe.block_statistics(one) for one in images]
            for some in slots
            for images in recalled_and_real(exam, some)
        ]
        recalled, real = (np.concatenate(parts) for parts in zip(*features, strict=True))
        task = np.repeat(np.arange(len(tasks)), [len(some) for some in slots])
        taught = np.concatenate([np.arange(len(some)) % 2 == 0 for some in slots])
        return {
            "recalled": told_from_real(recalled, real, taught),
            "task": told(recalled, task, taught),
            "task_real": told(real, task, taught),
        }

    def summarise(self, figures: Mapping[int, Figures], stream: TaskStream) -> Figures:
        del stream
        (last,) = figures.values()
        return {f"fingerprint_{name}": value for name, value in last.items()}


def told(
    features: NDArray[np.float64], label: NDArray[np.integer], taught: NDArray[np.bool_]
) -> float | None:
    """Share of the images that are not `taught` whose label a probe tells; None if there are none.

    Args:
        features: float64 [N, F], the `block_statistics` of the images.
        label: integers [N], 0..K-1.
        taught: bool [N], those that the probe learns from.
    """
    if taught.all():
        return None
    tell = probe.fit(features[taught], label[taught], label.max() + 1)
    return float((tell(features[~taught]) == label[~taught]).mean())


def told_from_real(
    recalled: NDArray[np.float64], real: NDArray[np.float64], taught: NDArray[np.bool_]
) -> float | None:
    """The same of recalled images, as one label, and of the real ones that they are of, as another."""
    label = np.repeat([1, 0], [len(recalled), len(real)])
    return told(np.concatenate([recalled, real]), label, np.tile(taught, 2))
