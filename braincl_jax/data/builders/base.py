"""A builder of tensorflow_datasets that prepares what a source of ours reads."""

import abc
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from braincl_jax.data.dataset import Dataset
from braincl_jax.data.images import Images

# Images that are read together.
CHUNK = 256


class SourceBuilder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    """Images as PNG, bit for bit, and labels with the names of their classes; the splits are `train` and `test`."""

    VERSION = tfds.core.Version("1.0.0")
    CHANNELS = 3

    @abc.abstractmethod
    def load(self, folder: Path) -> Dataset:
        """The data set of what was downloaded into the manual folder."""

    def _info(self) -> Any:
        features = {
            "image": tfds.features.Image(shape=(None, None, self.CHANNELS), encoding_format="png"),
            "label": tfds.features.ClassLabel(),
        }
        return tfds.core.DatasetInfo(
            builder=self,
            features=tfds.features.FeaturesDict(features),
            supervised_keys=("image", "label"),
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        dataset = self.load(Path(dl_manager.manual_dir))
        features: Any = self.info.features
        features["label"].names = dataset.class_names
        return {
            "train": self._generate_examples(dataset.train, dataset.train_labels),
            "test": self._generate_examples(dataset.test, dataset.test_labels),
        }

    def _generate_examples(
        self, images: Images, labels: np.ndarray
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        for first in range(0, len(images), CHUNK):
            rows = np.arange(first, min(first + CHUNK, len(images)))
            for row, pixels in zip(rows.tolist(), images.take(rows), strict=True):
                yield row, {"image": _png(pixels), "label": int(labels[row])}


def _png(pixels: np.ndarray) -> io.BytesIO:
    # Bytes and not an array: to encode an array, tensorflow_datasets would ask TensorFlow.
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    file.seek(0)
    return file
