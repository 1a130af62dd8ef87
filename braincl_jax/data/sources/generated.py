"""`generated:OPTIONS`: images that are made when they are asked for, as many and as large as a real data set has.

What a run on the real one would take can be told, and how fast it would be measured, where it is not at hand.
"""

import functools
from dataclasses import dataclass

import numpy as np

from braincl_jax.data.dataset import Dataset
from braincl_jax.data.images import COLOURS
from braincl_jax.data.sources.decoding import decode_all
from braincl_jax.registry import parse
from braincl_jax.settings import at_least, between, check, one_of, settings

# A turn of a wave in steps, which bytes count round and round, and the wave; with noise it stays below 256.
TURN, NOISE = 256, 32
WAVE = np.round(112 + 112 * np.cos(2 * np.pi * np.arange(TURN) / TURN)).astype(np.uint8)


@settings("generated")
class GeneratedSettings:
    """What is generated.

    `train` images to train on and `test` images to test on, in both the classes in turn; `side` pixels high and wide,
    of `channels` colours.
    """

    classes: int = between(1, 65_536, default=10)
    train: int = at_least(1, default=1000)
    test: int = at_least(1, default=100)
    side: int = between(1, 4096, default=32)
    channels: int = one_of(COLOURS, default=3)

    def check_together(self) -> None:
        """Raises ValueError where settings contradict each other."""
        if self.train < self.classes:
            raise ValueError(
                f"generated.train={self.train} is impossible for generated.classes={self.classes}: every class needs "
                "an image"
            )


@dataclass(frozen=True)
class Generated:
    """Waves whose direction and length tell their class; where their crests are, and noise, are each image's own.

    Row i is of class i modulo `settings.classes`, and the same image every time.

    Attributes:
        settings: what is generated.
        number: of images.
        split: 0 or 1, a number that tells images to train on from those to test on.
    """

    settings: GeneratedSettings
    number: int
    split: int

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.settings.side, self.settings.side, self.settings.channels

    def __len__(self) -> int:
        return self.number

    @property
    def labels(self) -> np.ndarray:
        """int64 [N], the class of each image."""
        return np.arange(self.number) % self.settings.classes

    def take(self, rows: np.ndarray) -> np.ndarray:
        return decode_all(self._image, rows, self.shape)

    def _image(self, row: int) -> np.ndarray:
        side, _, channels = self.shape
        rng = np.random.default_rng((self.split, row))
        steps = _steps(side, row % self.settings.classes, self.settings.classes)
        crests = rng.integers(0, TURN, channels, np.uint8)
        noise = rng.integers(0, NOISE, self.shape, np.uint8)
        return WAVE[steps[..., None] + crests] + noise


@functools.lru_cache(maxsize=128)
def _steps(side: int, label: int, classes: int) -> np.ndarray:
    """uint8 [side, side], how far a class's wave is at each pixel: whole turns along each side, by its number."""
    each = int(np.ceil(np.sqrt(classes)))
    down, right = 1 + label // each, label % each
    place = np.arange(side) * TURN
    return ((down * place)[:, None] // side + (right * place)[None] // side).astype(np.uint8)


def load_generated(rest: str) -> Dataset:
    """A data set of `rest`, such as `classes=1000,train=1281167,test=50000,side=256`.

    Raises:
        ValueError: an option is unknown or impossible.
    """
    _, values = parse(f"generated({rest})", "dataset")
    chosen = GeneratedSettings(**check(GeneratedSettings, values))
    train, test = Generated(chosen, chosen.train, 0), Generated(chosen, chosen.test, 1)
    return Dataset(train, train.labels, test, test.labels)
