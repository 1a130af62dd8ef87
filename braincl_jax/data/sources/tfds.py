"""`tfds:NAME`: array_record files of tensorflow_datasets, decoded when they are asked for, without TensorFlow."""

import io
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np
from tqdm import tqdm

from braincl_jax.data.dataset import Dataset
from braincl_jax.data.images import checked_dims, image_shape
from braincl_jax.data.sources.headers import PATIENCE, Headers
from braincl_jax.data.sources.pictures import decode_alike


@dataclass(frozen=True, eq=False)
class Encodings:
    """Encoded images of array_record files.

    Attributes:
        where: data set and split, for errors.
        source: row -> {"image": bytes of a PNG or JPEG file, ...}.
        channels: 1 or 3.
    """

    where: str
    source: Any = field(repr=False)
    channels: int

    def __len__(self) -> int:
        return len(self.source)

    def open(self, row: int) -> BinaryIO:
        return io.BytesIO(self.source[row]["image"])

    def name(self, row: int) -> str:
        return f"{self.where}: image {row}"


@dataclass(frozen=True, eq=False)
class Records(Encodings):
    """The same, which may be shown as they are if they have one size.

    Attributes:
        one_shape: (H, W, C) of all of them, or the headers that tell.
    """

    one_shape: tuple[int, int, int] | Headers = field(repr=False)

    @property
    def shape(self) -> tuple[int, int, int]:
        if isinstance(self.one_shape, Headers):
            return *self.one_shape.shape[:2], self.channels
        return self.one_shape

    def take(self, rows: np.ndarray) -> np.ndarray:
        return decode_alike(self, rows, self.shape, "pillow")


def load_tfds(name: str) -> Dataset:
    """The data set `name` of tensorflow_datasets; its labels are read at once.

    Raises:
        ValueError: it is unknown, not prepared, or has no labelled images, or tensorflow_datasets is absent.
    """
    where = f"tfds:{name}"
    try:
        # Imported here: it takes a second, and only this source needs it.
        import tensorflow_datasets as tfds
    except ImportError as error:
        raise ValueError(
            f"{where}: needs the package tensorflow_datasets, which cannot be imported ({error}): "
            'pip install "braincl_jax[tfds]", or in a clone pip install -e ".[tfds]"'
        ) from error
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
    names = tuple(getattr(features["label"], "names", ()))
    (train, train_labels), (test, test_labels) = (
        _read(builder, split) for split in ("train", test)
    )
    fixed = features["image"].shape
    one = Headers(f"tfds:{name}", (train, test)) if None in fixed else image_shape((1, *fixed))
    return Dataset(
        Records(train.where, train.source, train.channels, one),
        train_labels,
        Records(test.where, test.source, test.channels, one),
        test_labels,
        names,
    )


def _read(builder: Any, split: str) -> tuple[Encodings, np.ndarray]:
    """Images and labels of a split.

    A data source, not as_dataset: random access to array_record needs no TensorFlow.
    """
    import tensorflow_datasets as tfds

    where, feature = f"tfds:{builder.name} {split}", builder.info.features["image"]
    source = builder.as_data_source(split=split, decoders={"image": tfds.decode.SkipDecoding()})
    rows = tqdm(range(len(source)), f"{where} labels", unit="image", delay=PATIENCE, leave=False)
    labels = np.array([source[row]["label"] for row in rows], np.int64)
    sizes = (side or 1 for side in feature.shape)
    dims = checked_dims(where, "image", np.dtype(feature.np_dtype), (len(labels), *sizes))
    return Encodings(where, source, dims[-1]), labels
