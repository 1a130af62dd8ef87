"""Very many files below a folder: found without asking each what it is, and kept in tens of bytes each."""

import os
from array import array
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import overload

import numpy as np

from braincl_jax.data.sources.decoding import in_threads
from braincl_jax.data.stamps import stamp_of

# Files that one thread asks for their stamps, one after another.
CHUNK = 4096


class Paths(Sequence[Path]):
    """Paths as one text of names, where each ends, and the number of its folder: a tenth of a tuple of `Path`."""

    def __init__(self, paths: Iterable[Path]) -> None:
        """Keeps the paths, in their order; they are gone through once."""
        names, self._ends = bytearray(), array("q", [0])
        folders: dict[Path, int] = {}
        self._folder = array("i")
        for path in paths:
            names += os.fsencode(path.name)
            self._ends.append(len(names))
            self._folder.append(folders.setdefault(path.parent, len(folders)))
        self._names, self._folders = bytes(names), tuple(folders)

    def __len__(self) -> int:
        return len(self._folder)

    @overload
    def __getitem__(self, row: int) -> Path: ...
    @overload
    def __getitem__(self, row: slice) -> "Paths": ...
    def __getitem__(self, row: int | slice) -> "Path | Paths":
        if isinstance(row, slice):
            return Paths(self[one] for one in range(*row.indices(len(self))))
        # As of a list: -1 is the last one, and beyond it there is none.
        row = range(len(self))[row]
        name = self._names[self._ends[row] : self._ends[row + 1]]
        return self._folders[self._folder[row]] / os.fsdecode(name)


def files_below(folder: Path) -> Iterator[Path]:
    """All files in a folder and in folders further down, in no order, without hidden ones such as .DS_Store.

    Raises:
        OSError: a folder cannot be read.
    """
    for inside, _, names in os.walk(folder, onerror=_raise):
        yield from (Path(inside, name) for name in names if not name.startswith("."))


def stamps_of(files: Sequence[Path]) -> np.ndarray:
    """int64 [N, 2], the stamp of each file (see `stamp_of`); none is opened."""

    def some(first: int) -> np.ndarray:
        rows = range(first, min(first + CHUNK, len(files)))
        return np.array([stamp_of(files[row]) for row in rows], np.int64)

    found = in_threads(some, range(0, len(files), CHUNK))
    return np.concatenate([np.empty((0, 2), np.int64), *found])


def _raise(error: OSError) -> None:
    raise error


def folder_names(folder: Path) -> list[str]:
    """The folders in a folder, in the order of their names, without hidden ones."""
    return sorted(
        one.name for one in folder.iterdir() if one.is_dir() and not one.name.startswith(".")
    )
