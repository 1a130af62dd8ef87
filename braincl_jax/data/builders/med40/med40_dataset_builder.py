"""Prepares Med40, seven data sets of MedMNIST with 40 classes together."""

from pathlib import Path
from typing import Any

import tensorflow_datasets as tfds

from braincl_jax.data.builders.base import SourceBuilder
from braincl_jax.data.dataset import Dataset
from braincl_jax.data.sources.medmnist import HOW, load_medmnist

# In the order of their classes: 9, 7, 4, 2, 2, 8 and 8 of them.
FLAGS = (
    *("pathmnist", "dermamnist", "octmnist", "pneumoniamnist"),
    *("breastmnist", "bloodmnist", "tissuemnist"),
)
SIDES = ("28", "64", "128", "224")


class Builder(SourceBuilder):
    """40 classes, numbered through the files, at 28, 64, 128 or 224 pixels; images to validate on are left out."""

    MANUAL_DOWNLOAD_INSTRUCTIONS = f"{HOW}; FLAG is each of {', '.join(FLAGS)}"
    BUILDER_CONFIGS = tuple(
        tfds.core.BuilderConfig(name=side, description=f"{side} pixels") for side in SIDES
    )

    def load(self, folder: Path) -> Dataset:
        """The data set of the seven files, or folders into which they are unzipped."""
        config: Any = self.builder_config
        names = [flag if config.name == "28" else f"{flag}_{config.name}" for flag in FLAGS]
        found = [name if (folder / name).is_dir() else f"{name}.npz" for name in names]
        return load_medmnist(f"{folder}/{'+'.join(found)}")
