"""What sources of data sets as distributed share: files that must be there, lists, and classes that need images."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from braincl_jax.data.dataset import Dataset
from braincl_jax.data.sources.folder import images_of

SUFFIXES = (".jpeg", ".jpg", ".png")


class Labelled(NamedTuple):
    """Image files, and the class of each."""

    files: list[Path]
    labels: list[int]


def some(names: Sequence[str], most: int = 3) -> str:
    """The first names, at most `most`, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def require_there(where: str, paths: Iterable[Path], remedy: str) -> None:
    """Raises ValueError with those of `paths` that are missing, and what to do."""
    missing = [str(path) for path in paths if not path.exists()]
    if missing:
        raise ValueError(f"{where}: {' and '.join(missing)} not found; {remedy}.")


def require_match(
    where: str,
    listed: tuple[str, Iterable[str]],
    found: tuple[str, Iterable[str]],
    remedy: str,
) -> None:
    """Raises ValueError with what one of two sets lacks; each is given as (what it is called, its names)."""
    for (here, names), (there, others) in ((listed, found), (found, listed)):
        lacking = sorted(set(names) - set(others))
        if lacking:
            raise ValueError(f"{where}: {some(lacking)} in {here}, not in {there}; {remedy}.")


def read_lines(where: str, file: Path, remedy: str) -> list[str]:
    """The lines of a text file that are not empty, in order.

    Raises:
        ValueError: it is missing or no text.
    """
    require_there(where, (file,), remedy)
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{where}: {file} cannot be read: {error}; {remedy}.") from error
    return [line for line in lines if line.strip()]


def images_in(folder: Path) -> list[Path]:
    """The JPEG and PNG files in a folder, in the order of their names; none if there is no such folder."""
    if not folder.is_dir():
        return []
    return sorted(
        one
        for one in folder.iterdir()
        if one.suffix.lower() in SUFFIXES and not one.name.startswith(".")
    )


def of_folders(folders: Sequence[Path]) -> Labelled:
    """The images in folders, labelled 0, 1, ... in the order of the folders."""
    found = [images_in(folder) for folder in folders]
    return Labelled(
        [file for files in found for file in files],
        [label for label, files in enumerate(found) for _ in files],
    )


def dataset_of(
    where: str, train: Labelled, test: Labelled, names: Sequence[str], remedy: str
) -> Dataset:
    """The data set of files, decoded when they are asked for.

    Args:
        where: its name, for errors.
        train: to train on.
        test: to test on.
        names: of the classes.
        remedy: what to do where images are missing.

    Raises:
        ValueError: a class has no image to train on, there is none to test on, or a file is not readable.
    """
    trained = set(train.labels)
    empty = [name for label, name in enumerate(names) if label not in trained]
    if empty:
        raise ValueError(f"{where}: no training image of {some(empty)}; {remedy}.")
    if not test.files:
        raise ValueError(f"{where}: no image to test on; {remedy}.")
    train_images, test_images = images_of(where, train.files, test.files)
    return Dataset(
        train_images,
        np.array(train.labels, np.int64),
        test_images,
        np.array(test.labels, np.int64),
        tuple(names),
    )
