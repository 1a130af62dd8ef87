"""Out-of-distribution (OOD) images: can a learner tell images of other data sets from test images of its classes?

Conventions are those of `detection`: OOD is the positive side, and confidence is high on what was learned.
"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from braincl_jax.config import Config
from braincl_jax.data import Images, Resized, TaskStream
from braincl_jax.data.fit import Fitted
from braincl_jax.data.sources.unlabelled import load_unlabelled
from braincl_jax.data.subset import subset_of
from braincl_jax.evaluators.base import Exam, Figures, Moment, Row
from braincl_jax.evaluators.detection import (
    NAMES,
    SCORES,
    Scores,
    compare,
    confidences,
    rows_of,
)
from braincl_jax.evaluators.nearest import nearest, remembered_features
from braincl_jax.registry import EVALUATORS
from braincl_jax.settings import anything, at_least, settings
from braincl_jax.spread import spread


@EVALUATORS.register("out_of_distribution")
@settings()
class OutOfDistribution:
    """Detects images of each of `sources` by max softmax, max logit, energy and nearest features, after the last task.

    `sources` are named as `dataset` is, of which test images are taken, or `images:PATH`, a folder of pictures
    (`data.sources.unlabelled`). They are prepared by `resize_side` as the stream's images are, and what is of another
    shape then is brought to theirs (`data.fit`): where that enlarges images, a learner may detect just that. At most
    `images` images of each source, and as many test images of all classes, are looked at, evenly spread. Nearest
    features (`nearest`) are those of at most `remembered` recalled images, of which the k-th nearest counts, k =
    `neighbours`: what the learner still has. A method that recalls nothing has no such score.

    Fills `out_of_distribution`, each of `detection.NAMES` for each source, and
    `ood_SCORE_FIGURE`, the mean over sources, each counted alike; None where there is no such score. AUPR follows the
    shares of both sides: runs compare by it where they look at equally many images of the same sources.
    """

    when: ClassVar[Moment] = "at_end"
    rows: ClassVar[tuple[Row, ...]] = rows_of("ood", "strange images", SCORES)

    sources: tuple[str, ...] = anything(default=())
    images: int = at_least(1, default=1000)
    remembered: int = at_least(1, default=2000)
    neighbours: int = at_least(1, default=10)

    def check(self, config: Config, stream: TaskStream) -> None:
        """Raises ValueError where no source is named, or one cannot be read."""
        if not self.sources:
            raise ValueError(
                "evaluators: out_of_distribution.sources=() is impossible: name at least one, such as "
                "out_of_distribution(sources=('npz:/path/other.npz',))"
            )
        for source in self.sources:
            outside_images(source, config, stream.spec.image_shape)

    def run(self, exam: Exam) -> Figures:
        config, shape = exam.method.parts.config, exam.stream.spec.image_shape
        known = remembered_features(exam, self.remembered)
        inside = self._scores(exam, subset_of(exam.stream, exam.task, self.images), known)
        return {
            source: compare(
                inside, self._scores(exam, outside_images(source, config, shape), known)
            )
            for source in self.sources
        }

    def summarise(self, figures: Mapping[int, Figures], stream: TaskStream) -> Figures:
        del stream
        (last,) = figures.values()
        values = {
            name: [of_source[name] for of_source in last.values() if name in of_source]
            for name in NAMES
        }
        return {"out_of_distribution": last} | {
            f"ood_{name}": float(np.mean(known)) if known else None
            for name, known in values.items()
        }

    def _scores(
        self, exam: Exam, images: Images, known: NDArray[np.float64] | None
    ) -> dict[str, Scores]:
        """Each score of at most `self.images` of the images."""
        chosen, own = spread(len(images), self.images), exam.seen_classes()
        size = exam.method.parts.config.eval_batch_size
        parts = []
        for first in range(0, len(chosen), size):
            some = images.take(chosen[first : first + size])
            scores = confidences(exam.predict(some)[:, own])
            if known is not None:
                scores["nearest"] = nearest(known, exam.features(some), self.neighbours)
            parts.append(scores)
        return {score: np.concatenate([part[score] for part in parts]) for score in parts[0]}


def outside_images(source: str, config: Config, shape: tuple[int, int, int]) -> Fitted:
    """The images of a source, prepared as those of a run are and brought to their shape [H, W, C].

    Raises:
        ValueError: as `load_unlabelled`.
    """
    images = load_unlabelled(source)
    if config.resize_side:
        side = config.image_side or config.resize_side
        images = Resized(images, config.resize_side, side, config.decoder)
    return Fitted(images, shape)
