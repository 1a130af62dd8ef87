"""Arrays of a data set, and a look at all of its images."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from braincl_jax.data import Images


@pytest.fixture(scope="session")
def arrays() -> Callable[..., dict[str, np.ndarray]]:
    """Four training and two test images of two classes, with some arrays changed or, if None, left out."""

    def make(**changes) -> dict[str, np.ndarray]:
        rng = np.random.default_rng(0)
        valid = {
            "x_train": rng.integers(0, 256, (4, 5, 6, 3), dtype=np.uint8),
            "y_train": np.array([0, 1, 0, 1]),
            "x_test": rng.integers(0, 256, (2, 5, 6, 3), dtype=np.uint8),
            "y_test": np.array([1, 0]),
        }
        return {key: value for key, value in {**valid, **changes}.items() if value is not None}

    return make


@pytest.fixture(scope="session")
def images() -> Callable[[Images], np.ndarray]:
    """All of some images."""
    return lambda some: some.take(np.arange(len(some)))


@pytest.fixture(scope="session")
def write_image() -> Callable[..., None]:
    """Writes an image of one colour."""

    def write(path: Path, value: int, size=(4, 3), mode: str = "RGB") -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        color = value if mode in ("L", "I;16") else (value, 0, 0)
        Image.new(mode, size, color).save(path)

    return write
