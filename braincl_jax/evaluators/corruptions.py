"""Covariate shift: how many more answers are wrong when test images are noisy, blurred, snowed under or badly coded.

Corruptions and severities are those of Hendrycks & Dietterich 2019, arXiv 1903.12261. Errors are plain: their mCE
divides by AlexNet's errors, and means something for ImageNet-1K alone.
"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from braincl_jax.config import Config
from braincl_jax.data import Encoded, Images, TaskStream
from braincl_jax.data.corrupted import (
    COMMON,
    EXTRA,
    SEVERITIES,
    CorruptedSet,
    Shifted,
    load_corrupted,
)
from braincl_jax.data.corrupting import corrupted_subset, corruptor
from braincl_jax.data.fit import Fitted
from braincl_jax.data.subset import subset_of
from braincl_jax.evaluators.base import Exam, Figures, Moment, Row
from braincl_jax.registry import EVALUATORS
from braincl_jax.settings import anything, at_least, each_between, settings
from braincl_jax.spread import spread


@EVALUATORS.register("corruptions")
@settings()
class Corruptions:
    """Errors on corrupted test images of all classes, after the last task.

    Without a `source`, `images` test images are corrupted as they are shown (`data.corrupting`), with the constants of
    ImageNet-C whatever their size; that needs the extra `corruptions`. What is random about it follows from `seed` and
    the image, so that all runs on one sequence see the same. Otherwise `source` is a corrupted test set as distributed
    (`data.corrupted`), `cifar_c:PATH` or `imagenet_c:PATH`, with its own constants, of which `images` images of each
    corruption and severity are shown. `names` are corruptions; none stands for the 15 of the benchmark, or as many of
    them as the source has.

    Fills, as fractions in [0, 1] of which lower is better,

    * `corruption_error`: `clean`, the error on the same images as they are (with a source, on all test images), and
      `by_severity`, for each corruption the error at each of `severities`;
    * `mean_corruption_error`: the mean over severities and corruptions, not normalised;
    * `mean_corruption_drop`: the same less the clean error: what corruption costs.
    """

    when: ClassVar[Moment] = "at_end"
    rows: ClassVar[tuple[Row, ...]] = (
        Row("mean corruption error, not normalised", "mean_corruption_error", 100, "%"),
        Row("accuracy lost to corruption, mean", "mean_corruption_drop", 100, "points"),
    )

    source: str = anything(default="")
    names: tuple[str, ...] = anything(default=())
    severities: tuple[int, ...] = each_between(SEVERITIES[0], SEVERITIES[-1], default=SEVERITIES)
    images: int = at_least(1, default=500)
    seed: int = at_least(0, default=0)

    def check_together(self) -> None:
        """Raises ValueError for what is no corruption, and where there is no severity."""
        unknown = [name for name in self.names if name not in COMMON + EXTRA]
        if unknown:
            raise ValueError(
                f"evaluators: corruptions.names={unknown[0]!r} is unknown: need some of {', '.join(COMMON + EXTRA)}"
            )
        if not self.severities:
            raise ValueError(
                "evaluators: corruptions.severities=() is impossible: need some of 1..5"
            )

    def check(self, config: Config, stream: TaskStream) -> None:
        """Raises ValueError where the package is missing, or something of the source, or it may not be looked at."""
        if not self.source:
            corruptor()
            return
        if config.validation_fraction:
            raise ValueError(
                f"evaluators: corruptions.source={self.source!r} holds test images, but validation_fraction="
                f"{config.validation_fraction} is there to leave those alone: take one or the other"
            )
        self._names_in(load_corrupted(self.source, stream))

    def run(self, exam: Exam) -> Figures:
        if self.source:
            found = load_corrupted(self.source, exam.stream)
        else:
            found = corrupted_subset(subset_of(exam.stream, exam.task, self.images), self.seed)
        return {
            "clean": error_of(exam, found.clean, self.images)
            if found.clean
            else 1 - exam.seen().accuracy(),
            "severities": list(self.severities),
            "by_severity": {
                name: [
                    error_of(exam, found.read(name, severity), self.images)
                    for severity in self.severities
                ]
                for name in self._names_in(found)
            },
        }

    def summarise(self, figures: Mapping[int, Figures], stream: TaskStream) -> Figures:
        del stream
        (last,) = figures.values()
        mean = float(np.mean(list(last["by_severity"].values())))
        return {
            "corruption_error": last,
            "mean_corruption_error": mean,
            "mean_corruption_drop": mean - last["clean"],
        }

    def _names_in(self, found: CorruptedSet) -> tuple[str, ...]:
        names = self.names or tuple(name for name in COMMON if name in found.corruptions)
        missing = [name for name in names if name not in found.corruptions]
        if missing or not names:
            raise ValueError(
                f"evaluators: corruptions.source={self.source!r} lacks {', '.join(missing or COMMON)}: it has "
                f"{', '.join(found.corruptions)}"
            )
        return names


def shown_shape(exam: Exam, images: Images | Encoded) -> tuple[int, int, int]:
    """(H, W, C) that corrupted images get.

    Test images that are corrupted here keep their own, of which the network may see the middle. Those of a distributed
    set are meant to be seen whole.
    """
    whole = exam.stream.spec.image_shape
    own = not isinstance(images, Encoded) and images.shape == whole
    return whole if own else exam.method.parts.network.seen_shape(whole)


def error_of(exam: Exam, shifted: Shifted, most: int) -> float:
    """Share of at most `most` of the images, evenly spread, that are taken for another class than theirs."""
    images = Fitted(shifted.images, shown_shape(exam, shifted.images))
    chosen, size = spread(len(shifted.rows), most), exam.method.parts.config.eval_batch_size
    # One batch of images is in memory at a time.
    parts = [chosen[first : first + size] for first in range(0, len(chosen), size)]
    wrong = sum(
        int((exam.predict(images.take(shifted.rows[some])).argmax(-1) != shifted.label[some]).sum())
        for some in parts
    )
    return wrong / len(chosen)
