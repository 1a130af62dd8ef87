"""Images corrupted as those of ImageNet-C (Hendrycks & Dietterich 2019, arXiv 1903.12261), when they are asked for.

The package imagecorruptions-imaug (the extra `corruptions`) does it, with the constants of ImageNet-C (but for
`elastic_transform`, which has its own), chosen for 224 pixels: smaller images suffer more from most corruptions than
those of CIFAR-C, whose constants are others (Gaussian noise of 0.08 to 0.38 here, 0.04 to 0.10 there).
"""

import importlib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from braincl_jax.data.corrupted import COMMON, EXTRA, CorruptedSet, Shifted
from braincl_jax.data.subset import Subset

# The package takes no smaller images.
SMALLEST_SIDE = 32
# What draws from a generator of its own, not from NumPy's global one.
SEEDED = ("impulse_noise", "glass_blur")
GREEN = 1


def corruptor() -> Any:
    """The package; raises ValueError where it cannot be imported."""
    try:
        return importlib.import_module("imagecorruptions")
    except ImportError as error:
        raise ValueError(
            "evaluators: corruptions needs the package imagecorruptions-imaug, which cannot be imported "
            f'({error}): pip install "braincl_jax[corruptions]", or name a corrupted set in its `source`'
        ) from error


def corrupted_subset(subset: Subset, seed: int) -> CorruptedSet:
    """All corruptions and severities of some test images; an image is corrupted by the seed and its place alone."""

    def read(corruption: str, severity: int) -> Shifted:
        return clean._replace(images=Corrupting(subset, corruption, severity, seed))

    clean = Shifted(subset, np.arange(len(subset)), subset.label)
    return CorruptedSet(COMMON + EXTRA, read, clean)


@dataclass(frozen=True, eq=False)
class Corrupting:
    """Test images that are corrupted when they are read; implements `Images`.

    Attributes:
        subset: the images as they are.
        corruption: one of `COMMON` or `EXTRA`.
        severity: 1..5.
        seed: from 0 on.
    """

    subset: Subset
    corruption: str
    severity: int
    seed: int

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.subset.shape

    def __len__(self) -> int:
        return len(self.subset)

    def take(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        images = self.subset.take(rows)
        for place, row in enumerate(rows.tolist()):
            seed = self._seed_of(int(self.subset.task[row]), int(self.subset.position[row]))
            images[place] = corrupt(images[place], self.corruption, self.severity, seed)
        return images

    def _seed_of(self, task: int, position: int) -> int:
        name = zlib.crc32(self.corruption.encode())
        sequence = np.random.SeedSequence((self.seed, name, self.severity, task, position))
        return int(sequence.generate_state(1)[0])


def corrupt(
    image: NDArray[np.uint8], corruption: str, severity: int, seed: int
) -> NDArray[np.uint8]:
    """One image, corrupted; a pure function of its arguments.

    Images of fewer than 32 pixels a side are mirrored at their right and lower edge up to 32, and cut back. Grey images
    are corrupted as coloured ones, of which the green channel is kept: the mean of three would weaken noise.

    Args:
        image: uint8 [H, W, C], C 1 or 3.
        corruption: one of `COMMON` or `EXTRA`.
        severity: 1..5.
        seed: 0..2**32 - 1, of all that is random about it.

    Returns:
        uint8 [H, W, C].

    Raises:
        ValueError: the package is absent.
    """
    package = corruptor()
    height, width, channels = image.shape
    missing = [(0, max(SMALLEST_SIDE - side, 0)) for side in (height, width)]
    coloured = np.pad(np.repeat(image, 3 // channels, axis=2), (*missing, (0, 0)), "symmetric")
    own = {"seed": seed} if corruption in SEEDED else {}
    with _seeded(seed):
        corrupted = package.corrupt(
            np.ascontiguousarray(coloured), severity=severity, corruption_name=corruption, **own
        )
    whole = corrupted[:height, :width]
    return whole if channels == 3 else whole[..., GREEN : GREEN + 1]


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """NumPy's global generator, of which the package draws, begins at a seed and is left as it was."""
    before = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002
