"""`folder:PATH`: images below train/CLASS and test/CLASS or val/CLASS, decoded when asked for (needs Pillow)."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np

from braincl_jax.data.dataset import Dataset
from braincl_jax.data.sources.alike import Alike
from braincl_jax.data.sources.headers import Headers
from braincl_jax.data.sources.paths import Paths, files_below, folder_names, stamps_of
from braincl_jax.data.stamps import ChangedError, require_unchanged

_LOG = logging.getLogger(__name__)

# Files that are left out and told by name.
MOST_TOLD = 3
# Of images that are resized; that all of a data set are greyscale, only the headers of all files would tell.
COLOURED = 3


@dataclass(frozen=True, eq=False)
class Pictures:
    """Encoded images of files, of any sizes; a file that was changed since is an error.

    Attributes:
        files: the file of each image.
        stamps: int64 [N, 2], what `stamps_of` says of them.
    """

    files: Sequence[Path] = field(repr=False)
    stamps: np.ndarray = field(repr=False)

    @classmethod
    def of(cls, files: Sequence[Path]) -> "Pictures":
        """The images of files as they are now."""
        return Pictures(files, stamps_of(files))

    @property
    def channels(self) -> int:
        return COLOURED

    def __len__(self) -> int:
        return len(self.files)

    def open(self, row: int) -> BinaryIO:
        file = self.files[row]
        stream = file.open("rb")
        try:
            require_unchanged(file, stream.fileno(), self.stamps[row])
        except ChangedError:
            stream.close()
            raise
        return stream

    def name(self, row: int) -> str:
        return str(self.files[row])


def load_folder(path: str) -> Dataset:
    """The data set of a folder; no file is opened yet.

    The folders in `train` are the classes, with all images in them and in folders further down, in the order of their
    paths; `val` stands in where there is no `test`. An image is what has the suffix of a format that Pillow reads;
    other files are left out, which is told.

    Raises:
        ValueError: something is missing.
    """
    where, train, test = f"folder:{path}", Path(path) / "train", Path(path) / "test"
    if not test.is_dir() and (Path(path) / "val").is_dir():
        test = Path(path) / "val"
    if not (train.is_dir() and test.is_dir()):
        raise ValueError(
            f"{where}: need the folders {train} and {test} (or val), and in each of them a folder of images for each "
            "class."
        )
    classes = folder_names(train)
    unknown = sorted(set(folder_names(test)) - set(classes))
    if unknown:
        raise ValueError(f"{where}: {test.name} has the classes {unknown}, train only {classes}.")
    suffixes = picture_suffixes()
    train_files, train_labels = _image_files(where, train, classes, suffixes)
    test_files, test_labels = _image_files(where, test, classes, suffixes)
    filled = set(train_labels.tolist())
    empty = [name for label, name in enumerate(classes) if label not in filled]
    if empty:
        raise ValueError(
            f"{where}: the classes {empty} of train have no image (.png, .jpg, .webp, .bmp, ...): add some, or remove "
            "their folders."
        )
    train_images, test_images = images_of(where, train_files, test_files)
    return Dataset(train_images, train_labels, test_images, test_labels, tuple(classes))


def images_of(
    where: str, train_files: Iterable[Path], test_files: Iterable[Path]
) -> tuple[Alike, Alike]:
    """Images of files to train and to test on, of any sizes; no file is opened yet.

    Asked for their shape, they read the headers of all files, of both: see `Headers`.
    """
    pictures = [Pictures.of(Paths(files)) for files in (train_files, test_files)]
    headers = Headers(where, pictures)
    train, test = (Alike(one, headers) for one in pictures)
    return train, test


def _is_seen(path: Path) -> bool:
    """Whether it is none of those that systems leave behind, such as .DS_Store."""
    return not path.name.startswith(".")


def picture_suffixes() -> frozenset[str]:
    """Of the files that Pillow reads, such as ".png"."""
    from PIL import Image

    known = Image.registered_extensions()
    return frozenset(suffix for suffix, name in known.items() if name in Image.OPEN)


def _image_files(
    where: str, folder: Path, classes: Sequence[str], suffixes: frozenset[str]
) -> tuple[Paths, np.ndarray]:
    """The files of all classes and their labels, int64 [N], both in order."""
    skipped = [one for one in sorted(folder.iterdir()) if one.is_file() and _is_seen(one)]
    each: list[Paths] = []
    for name in classes:
        found = sorted(files_below(folder / name)) if (folder / name).is_dir() else []
        each.append(Paths(file for file in found if file.suffix.lower() in suffixes))
        skipped += [file for file in found if file.suffix.lower() not in suffixes]
    if skipped:
        named = ", ".join(str(file.relative_to(folder)) for file in skipped[:MOST_TOLD])
        more = " and more" if len(skipped) > MOST_TOLD else ""
        _LOG.warning(
            "%s: left out %d files of %s that are no images of a class: %s%s",
            *(where, len(skipped), folder.name, named, more),
        )
    labels = np.repeat(np.arange(len(classes)), np.array([len(files) for files in each], int))
    return Paths(file for files in each for file in files), labels
