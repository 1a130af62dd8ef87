"""`folder:PATH`: train/CLASS/* and test/CLASS/*, PNG or JPEG, decoded when they are asked for (needs Pillow)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from braincl_jax.data.dataset import Dataset
from braincl_jax.data.sources.decoding import decode_all, in_threads, require_shape

SUFFIXES = (".png", ".jpg", ".jpeg")
# Pillow's modes of at most 8 bits a channel; from the others, a conversion would clip.
GREY_MODES = ("1", "L", "LA")
COLOUR_MODES = ("P", "PA", "RGB", "RGBA", "CMYK", "YCbCr")
CHANNELS = {"L": 1, "RGB": 3}


@dataclass(frozen=True)
class Files:
    """Images of files.

    Attributes:
        where: the data set, for errors.
        files: the file of each image.
        mode: Pillow's mode that they are read in, "L" or "RGB".
        shape: (H, W, C) of all of them.
    """

    where: str
    files: tuple[Path, ...] = field(repr=False)
    mode: str
    shape: tuple[int, int, int]

    def __len__(self) -> int:
        return len(self.files)

    def take(self, rows: np.ndarray) -> np.ndarray:
        return decode_all(self._decode, rows, self.shape)

    def _decode(self, row: int) -> np.ndarray:
        with _opened(self.files[row]) as image:
            pixels = np.asarray(image.convert(self.mode))
        pixels = pixels.reshape(*pixels.shape[:2], -1)
        require_shape(self.where, str(self.files[row]), pixels.shape, self.shape)
        return pixels


def load_folder(path: str) -> Dataset:
    """The data set of a folder; of each file, no more than the header is read.

    Raises:
        ValueError: something is missing, or a file is no image, of more than 8 bits a channel or of another size.
    """
    where, train, test = f"folder:{path}", Path(path) / "train", Path(path) / "test"
    if not (train.is_dir() and test.is_dir()):
        raise ValueError(f"{where}: need the folders {train} and {test}, one in each class.")
    classes = _class_names(train)
    unknown = sorted(set(_class_names(test)) - set(classes))
    if unknown:
        raise ValueError(f"{where}: test has the classes {unknown}, train only {classes}.")
    train_files, train_labels = _image_files(train, classes)
    test_files, test_labels = _image_files(test, classes)
    filled = set(train_labels)
    empty = [name for label, name in enumerate(classes) if label not in filled]
    if empty:
        raise ValueError(f"{where}: the classes {empty} of train have no .png or .jpg image.")
    headers = in_threads(_header, (*train_files, *test_files))
    mode = "L" if all(mode in GREY_MODES for mode, _ in headers) else "RGB"
    sizes = [size for _, size in headers]
    return Dataset(
        _files(where, train_files, mode, sizes[: len(train_files)]),
        np.array(train_labels, np.int64),
        _files(where, test_files, mode, sizes[len(train_files) :]),
        np.array(test_labels, np.int64),
        tuple(classes),
    )


def _files(where: str, files: list[Path], mode: str, sizes: list[tuple[int, int]]) -> Files:
    """Raises ValueError with the first file whose (height, width) in `sizes` is not that of those before."""
    shapes = [(*size, CHANNELS[mode]) for size in sizes] or [(0, 0, CHANNELS[mode])]
    for file, shape in zip(files, shapes, strict=False):
        require_shape(where, str(file), shape, shapes[0])
    return Files(where, tuple(files), mode, shapes[0])


def _class_names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir() if entry.is_dir())


def _image_files(folder: Path, classes: Sequence[str]) -> tuple[list[Path], list[int]]:
    """The files of all classes and their labels, both in order."""
    files, labels = [], []
    for label, name in enumerate(classes):
        own = [file for file in (folder / name).glob("*") if file.suffix.lower() in SUFFIXES]
        files += sorted(own)
        labels += [label] * len(own)
    return files, labels


def _header(file: Path) -> tuple[str, tuple[int, int]]:
    """Mode and (height, width)."""
    with _opened(file) as image:
        return image.mode, (image.height, image.width)


@contextmanager
def _opened(file: Path) -> Iterator[Any]:
    # Imported here: only this source needs it.
    from PIL import Image

    try:
        with Image.open(file) as image:
            if image.mode not in GREY_MODES + COLOUR_MODES:
                raise ValueError(f"mode {image.mode}; need 8 bits a channel")
            yield image
    except (OSError, ValueError) as error:
        raise ValueError(f"{file}: not a readable image: {error}") from error
