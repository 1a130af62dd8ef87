"""`tfds:NAME`: array_record files of tensorflow_datasets, decoded when they are asked for, without TensorFlow."""

import io
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from braincl_jax.data.dataset import Dataset
from braincl_jax.data.images import checked_dims, image_shape
from braincl_jax.data.sources.decoding import decode_all, require_shape


@dataclass(frozen=True)
class Records:
    """Images of array_record files.

    Attributes:
        where: data set and split, for errors.
        source: row -> {"image": uint8 [H, W, C], ...}.
        shape: (H, W, C) of all of them.
    """

    where: str
    source: Any = field(repr=False)
    shape: tuple[int, int, int]

    def __len__(self) -> int:
        return len(self.source)

    def take(self, rows: np.ndarray) -> np.ndarray:
        return decode_all(self._decode, rows, self.shape)

    def _decode(self, row: int) -> np.ndarray:
        pixels = self.source[row]["image"]
        pixels = pixels.reshape(*pixels.shape[:2], -1)
        require_shape(self.where, f"image {row}", pixels.shape, self.shape)
        return pixels


def load_tfds(name: str) -> Dataset:
    """The data set `name` of tensorflow_datasets; its labels are read at once.

    Raises:
        ValueError: it is unknown, not prepared, or has no labelled images of one size.
    """
    # Imported here: it takes a second, and only this source needs it.
    import tensorflow_datasets as tfds

    where = f"tfds:{name}"
    try:
        builder: Any = tfds.builder(name)
    except tfds.core.DatasetNotFoundError:
        # Without the cause, whose message lists every data set there is.
        raise ValueError(f"{where}: no data set of this name; see tfds.list_builders().") from None
    splits = builder.info.splits
    if not splits or builder.info.file_format != tfds.core.FileFormat.ARRAY_RECORD:
        raise ValueError(
            f"{where}: not prepared as array_record in {builder.data_dir}; run "
            f"tfds.builder({name!r}).download_and_prepare(file_format='array_record') first."
        )
    test = "test" if "test" in splits else "validation"
    features = builder.info.features
    if not {"train", test} <= set(splits) or not {"image", "label"} <= set(features):
        raise ValueError(
            f"{where}: has the splits {sorted(splits)} and the features {sorted(features)}; "
            "need train, test (or validation) and image, label."
        )
    skip = {"image": tfds.decode.SkipDecoding()}
    train, test = _read(builder, "train", skip), _read(builder, test, skip)
    names = tuple(getattr(features["label"], "names", ()))
    return Dataset(*train, *test, names)


def _read(builder: Any, split: str, skip: Any) -> tuple[Records, np.ndarray]:
    """Images and labels of a split; where the size of images is not known beforehand, their headers are read.

    A data source, not as_dataset: random access to array_record needs no TensorFlow.
    """
    where, feature = f"tfds:{builder.name} {split}", builder.info.features["image"]
    undecoded = builder.as_data_source(split=split, decoders=skip)
    labels = np.empty(len(undecoded), np.int64)
    sizes, shape = None not in feature.shape, feature.shape
    for row, example in enumerate(undecoded):
        labels[row] = example["label"]
        if not sizes:
            size = (*_size(where, row, example["image"]), feature.shape[-1])
            shape = size if row == 0 else shape
            require_shape(where, f"image {row}", size, shape)
    dims = checked_dims(where, "image", np.dtype(feature.np_dtype), (len(labels), *shape))
    return Records(where, builder.as_data_source(split=split), image_shape(dims)), labels


def _size(where: str, row: int, encoded: bytes) -> tuple[int, int]:
    """(height, width) from the header of an encoded image."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(encoded)) as image:
            return image.height, image.width
    except OSError as error:
        raise ValueError(f"{where}: image {row} is not readable: {error}") from error
