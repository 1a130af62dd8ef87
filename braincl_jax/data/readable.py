"""Encoded images without those whose headers cannot be read: these are counted and told."""

import logging
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np

from braincl_jax.data.dataset import Dataset, LeftOut
from braincl_jax.data.images import Encoded, Images
from braincl_jax.data.sources.alike import Alike
from braincl_jax.data.sources.distributed import some
from braincl_jax.data.sources.headers import Headers, headers_of

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Chosen:
    """Some of the images of a source, of any sizes.

    Attributes:
        images: all of them.
        rows: int64 [n], which.
    """

    images: Encoded
    rows: np.ndarray = field(repr=False)

    @property
    def channels(self) -> int:
        return self.images.channels

    def __len__(self) -> int:
        return len(self.rows)

    def open(self, row: int) -> BinaryIO:
        return self.images.open(int(self.rows[row]))

    def name(self, row: int) -> str:
        return self.images.name(int(self.rows[row]))


def without_unreadable(where: str, dataset: Dataset) -> Dataset:
    """The same data set without the encoded images whose headers cannot be read; `left_out` says which.

    All headers are read, which may take minutes; a bar tells how many are to go. An image that is damaged further
    inside stays, and is an error when its batch is read. Images of arrays are left as they are.

    Args:
        where: the name of the data set, for what is told.
        dataset: as `load_source` gives it.

    Raises:
        ValueError: a class has no image left to train on, or there is none left to test on.
        ChangedError: a file was changed meanwhile.
    """
    broken = [_broken(where, images) for images in (dataset.train, dataset.test)]
    if not any(broken):
        return dataset
    told = [error for errors in broken for error in errors.values()]
    total = len(dataset.train) + len(dataset.test)
    _LOG.warning("%s: left out %d of %d images: %s", where, len(told), total, some(told))
    train, test = (
        np.setdiff1d(np.arange(len(images)), list(errors))
        for images, errors in zip((dataset.train, dataset.test), broken, strict=True)
    )
    _require_filled(where, dataset, train, test)
    train_images, test_images = _remaining(where, (dataset.train, train), (dataset.test, test))
    domains = dataset.train_domains
    return dataset._replace(
        train=train_images,
        train_labels=dataset.train_labels[train],
        test=test_images,
        test_labels=dataset.test_labels[test],
        train_domains=None if domains is None else domains[train],
        left_out=LeftOut(*map(tuple, broken)),
    )


def _broken(where: str, images: Images) -> dict[int, str]:
    """By row, what is wrong with the images that cannot be read, in words that name them."""
    if not isinstance(images, Encoded):
        return {}
    found = headers_of(where, [images])
    return {row: str(one) for _, row, one in found if isinstance(one, ValueError)}


def _remaining(where: str, *splits: tuple[Images, np.ndarray]) -> list[Images]:
    """Of each split, the images at some rows; images of arrays are there with all rows."""
    chosen = [
        Chosen(images, rows) if isinstance(images, Encoded) else images for images, rows in splits
    ]
    headers = Headers(where, [one for one in chosen if isinstance(one, Chosen)])
    return [Alike(one, headers) if isinstance(one, Chosen) else one for one in chosen]


def _require_filled(where: str, dataset: Dataset, train: np.ndarray, test: np.ndarray) -> None:
    left = set(dataset.train_labels[train].tolist())
    empty = [name for label, name in enumerate(dataset.class_names) if label not in left]
    if empty or not len(test):
        of_which = f"to train on of {some(empty)}" if empty else "to test on"
        raise ValueError(
            f"{where}: no image {of_which} can be read; bring them back, or leave the class out of the data set"
        )
