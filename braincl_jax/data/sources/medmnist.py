"""`medmnist:FILE+FILE...`: files of MedMNIST as distributed, several of them as one data set."""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

from braincl_jax.data.dataset import Dataset
from braincl_jax.data.images import Images, InMemory, checked_dims
from braincl_jax.data.sources.joined import joined
from braincl_jax.data.sources.npy import mapped, read_npy
from braincl_jax.data.sources.npz import opened, read_member
from braincl_jax.data.sources.options import split_options

HOW = (
    "download it from https://zenodo.org/records/10519652, FLAG.npz of 28 pixels or FLAG_64.npz, FLAG_128.npz, "
    "FLAG_224.npz, and name the file, or the folder into which it is unzipped"
)
KEYS = tuple(
    f"{split}_{what}" for split in ("train", "val", "test") for what in ("images", "labels")
)
Read = Callable[[str], np.ndarray]
SIZE = re.compile(r"_(64|128|224)$")


class Split(NamedTuple):
    """Images, and int64 [N], the class of each."""

    images: Images
    labels: np.ndarray


class Part(NamedTuple):
    """What is asked of one file.

    Attributes:
        flag: its name, such as pathmnist.
        num_classes: of its labels.
        train: to train on.
        test: to test on.
    """

    flag: str
    num_classes: int
    train: Split
    test: Split


def load_medmnist(rest: str) -> Dataset:
    """The data set of `PATH/FLAG.npz+FLAG.npz...`; files after the first lie in its folder, unless they name another.

    Each is an .npz file, which is read into memory, or a folder with its arrays as .npy files (what `unzip` makes of
    it), which are mapped. Classes are numbered through all files, in their order, and named FLAG/NUMBER. Greyscale
    images are RGB where others are. Images to validate on are left out; `?val=train` adds them to those to train on.

    Raises:
        ValueError: a file is missing, damaged, has several labels an image or images of another size, or a class has no
            image to train on.
    """
    where = f"medmnist:{rest}"
    path, options = split_options(where, rest, {"val": ("apart", "train")})
    first, *others = path.split("+")
    files = [Path(first), *(_beside(Path(first), other) for other in others)]
    with_val = options["val"] == "train"
    parts = [_part(f"medmnist:{file}", file, with_val) for file in files]
    flags = [part.flag for part in parts]
    if len(set(flags)) < len(flags):
        raise ValueError(f"{where}: {flags} names one of them twice; need each once.")
    first_classes = np.cumsum([0, *(part.num_classes for part in parts[:-1])])
    train, test = (
        _together(where, list(zip(splits, first_classes, strict=True)))
        for splits in ([part.train for part in parts], [part.test for part in parts])
    )
    names = [f"{part.flag}/{number}" for part in parts for number in range(part.num_classes)]
    return Dataset(*train, *test, tuple(names))


def _beside(first: Path, other: str) -> Path:
    return Path(other) if "/" in other else first.parent / other


def _together(where: str, splits: Sequence[tuple[Split, int]]) -> Split:
    """Splits one after another, each given with the number of its first class."""
    images = joined(where, [split.images for split, _ in splits])
    return Split(images, np.concatenate([split.labels + number for split, number in splits]))


def _part(where: str, file: Path, with_val: bool) -> Part:
    """One file; `with_val` adds its images to validate on to those to train on."""
    with _arrays(where, file) as read:
        train, test = (_split(where, read, split) for split in ("train", "test"))
        if with_val:
            train = _together(where, [(train, 0), (_split(where, read, "val"), 0)])
    num_classes = 1 + int(max(train.labels.max(), test.labels.max()))
    missing = sorted(set(range(num_classes)) - set(train.labels.tolist()))
    if missing:
        raise ValueError(f"{where}: no training image of the classes {missing}; {HOW}.")
    return Part(SIZE.sub("", file.stem), num_classes, train, test)


@contextmanager
def _arrays(where: str, file: Path) -> Iterator[Read]:
    """Reads arrays of a file or of a folder, by their names."""
    if file.is_dir():
        found = {array.stem: array for array in file.glob("*.npy")}
        _require_keys(where, found)
        yield lambda key: read_npy(where, found[key], "r")
    else:
        with opened(where, file, HOW) as archive:
            _require_keys(where, archive.files)
            yield lambda key: read_member(where, archive, key, HOW)


def _require_keys(where: str, found: Collection[str]) -> None:
    missing = [key for key in KEYS if key not in found]
    if missing:
        raise ValueError(f"{where}: the arrays {missing} are missing; {HOW}.")


def _split(where: str, read: Read, split: str) -> Split:
    pixels, labels = read(f"{split}_images"), read(f"{split}_labels")
    dims = checked_dims(where, f"{split}_images", pixels.dtype, pixels.shape)
    if labels.dtype.kind not in "iu" or labels.shape != (dims[0], 1):
        raise ValueError(
            f"{where}: {split}_labels is {labels.dtype}{list(labels.shape)} for {dims[0]} images; need integers "
            "[N, 1], one label an image: name one of MedMNIST's data sets that are not multi-label."
        )
    if labels.min() < 0:
        raise ValueError(f"{where}: {split}_labels has numbers below 0; {HOW}.")
    if isinstance(pixels, np.memmap):
        return Split(mapped(where, Path(str(pixels.filename))), labels[:, 0].astype(np.int64))
    return Split(InMemory(pixels.reshape(dims)), labels[:, 0].astype(np.int64))
