"""`folder:PATH`: images below train/CLASS and test/CLASS or val/CLASS, decoded when asked for (needs Pillow)."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from braincl_jax.data.dataset import Dataset
from braincl_jax.data.sources.decoding import DAMAGED, decode_all, in_threads, require_shape

_LOG = logging.getLogger(__name__)

# The tag of EXIF that tells how a camera was held, and its values for which height and width change places.
ORIENTATION, ON_ITS_SIDE = 0x0112, (5, 6, 7, 8)
# Files that are left out and told by name.
MOST_TOLD = 3
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
            pixels = np.asarray(_upright(image).convert(self.mode))
        pixels = pixels.reshape(*pixels.shape[:2], -1)
        require_shape(self.where, str(self.files[row]), pixels.shape, self.shape)
        return pixels


def load_folder(path: str) -> Dataset:
    """The data set of a folder; of each file, no more than the header is read.

    The folders in `train` are the classes, with all images in them and in folders further down, in the order of their
    paths; `val` stands in where there is no `test`. An image is what has the suffix of a format that Pillow reads;
    other files are left out, which is told.

    Raises:
        ValueError: something is missing, or a file is no image, of more than 8 bits a channel or of another size.
    """
    where, train, test = f"folder:{path}", Path(path) / "train", Path(path) / "test"
    if not test.is_dir() and (Path(path) / "val").is_dir():
        test = Path(path) / "val"
    if not (train.is_dir() and test.is_dir()):
        raise ValueError(
            f"{where}: need the folders {train} and {test} (or val), and in each of them a folder of images for each "
            "class."
        )
    classes = _class_names(train)
    unknown = sorted(set(_class_names(test)) - set(classes))
    if unknown:
        raise ValueError(f"{where}: {test.name} has the classes {unknown}, train only {classes}.")
    suffixes = _suffixes()
    train_files, train_labels = _image_files(where, train, classes, suffixes)
    test_files, test_labels = _image_files(where, test, classes, suffixes)
    filled = set(train_labels)
    empty = [name for label, name in enumerate(classes) if label not in filled]
    if empty:
        raise ValueError(
            f"{where}: the classes {empty} of train have no image (.png, .jpg, .webp, .bmp, ...): add some, or remove "
            "their folders."
        )
    train_images, test_images = images_of(where, train_files, test_files)
    return Dataset(
        train_images,
        np.array(train_labels, np.int64),
        test_images,
        np.array(test_labels, np.int64),
        tuple(classes),
    )


def images_of(
    where: str, train_files: Sequence[Path], test_files: Sequence[Path]
) -> tuple[Files, Files]:
    """Images of files to train and to test on; of each file, the header is read.

    Raises:
        ValueError: a file is no image, of more than 8 bits a channel or of another size.
    """
    headers = in_threads(_header, (*train_files, *test_files))
    mode = "L" if all(mode in GREY_MODES for mode, _ in headers) else "RGB"
    sizes = [size for _, size in headers]
    return (
        _files(where, train_files, mode, sizes[: len(train_files)]),
        _files(where, test_files, mode, sizes[len(train_files) :]),
    )


def _files(where: str, files: Sequence[Path], mode: str, sizes: Sequence[tuple[int, int]]) -> Files:
    """Raises ValueError with the first file whose (height, width) in `sizes` is not that of those before."""
    shapes = [(*size, CHANNELS[mode]) for size in sizes] or [(0, 0, CHANNELS[mode])]
    for file, shape in zip(files, shapes, strict=False):
        require_shape(where, str(file), shape, shapes[0])
    return Files(where, tuple(files), mode, shapes[0])


def _class_names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and _is_seen(entry))


def _is_seen(path: Path) -> bool:
    """Whether it is none of those that systems leave behind, such as .DS_Store."""
    return not path.name.startswith(".")


def _suffixes() -> frozenset[str]:
    from PIL import Image

    known = Image.registered_extensions()
    return frozenset(suffix for suffix, name in known.items() if name in Image.OPEN)


def _image_files(
    where: str, folder: Path, classes: Sequence[str], suffixes: frozenset[str]
) -> tuple[list[Path], list[int]]:
    """The files of all classes and their labels, both in order."""
    files, labels = [], []
    skipped = [one for one in sorted(folder.iterdir()) if one.is_file() and _is_seen(one)]
    for label, name in enumerate(classes):
        found = [one for one in (folder / name).rglob("*") if one.is_file() and _is_seen(one)]
        own = sorted(file for file in found if file.suffix.lower() in suffixes)
        skipped += sorted(set(found) - set(own))
        files += own
        labels += [label] * len(own)
    if skipped:
        named = ", ".join(str(file.relative_to(folder)) for file in skipped[:MOST_TOLD])
        more = " and more" if len(skipped) > MOST_TOLD else ""
        _LOG.warning(
            "%s: left out %d files of %s that are no images of a class: %s%s",
            *(where, len(skipped), folder.name, named, more),
        )
    return files, labels


def _header(file: Path) -> tuple[str, tuple[int, int]]:
    """Mode and (height, width), as they are when the image stands upright."""
    with _opened(file) as image:
        size = image.height, image.width
        return image.mode, size[::-1] if _orientation(image) in ON_ITS_SIDE else size


def _orientation(image: Any) -> int:
    """How the camera was held, 1 where that is not known."""
    # Pillow would decode all of a PNG to look for EXIF behind the pixels.
    if image.format == "PNG" and "exif" not in image.info:
        return 1
    return image.getexif().get(ORIENTATION, 1)


def _upright(image: Any) -> Any:
    from PIL import ImageOps

    return image if _orientation(image) == 1 else ImageOps.exif_transpose(image)


@contextmanager
def _opened(file: Path) -> Iterator[Any]:
    # Imported here: only this source needs it.
    from PIL import Image

    try:
        with Image.open(file) as image:
            if image.mode not in GREY_MODES + COLOUR_MODES:
                raise ValueError(f"mode {image.mode}; need 8 bits a channel")
            # Pillow turns them by itself, and mixes up the pixels of some.
            if image.format == "TIFF" and _orientation(image) != 1:
                raise ValueError("a TIFF that is not stored upright")
            yield image
    except (*DAMAGED, Image.DecompressionBombError) as error:
        raise ValueError(f"{file}: not a readable image: {error}; replace or remove it.") from error
