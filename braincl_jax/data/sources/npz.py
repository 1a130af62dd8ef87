"""`npz:FILE`: four arrays in one file, read into memory; `npy` is for what does not fit there."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from braincl_jax.data.dataset import ARRAYS, NAMES, Dataset, of_mapping, require_arrays
from braincl_jax.data.sources.decoding import DAMAGED


def load_npz(path: str) -> Dataset:
    """The data set of x_train, y_train, x_test, y_test and, if it is there, class_names, in an .npz file.

    Raises:
        ValueError: the file or an array is missing or cannot be read.
    """
    where = f"npz:{path}"
    if not Path(path).is_file():
        raise ValueError(f"{where}: no such file; need an .npz file with the arrays {ARRAYS}.")
    if not zipfile.is_zipfile(path):
        raise ValueError(f"{where}: not an .npz file; need one written by numpy.savez.")
    # No pickles: a data file must not be able to run code.
    try:
        archive = np.load(path, allow_pickle=False)
    except DAMAGED as error:
        raise ValueError(f"{where}: cannot be read: {error}; write it anew.") from error
    with archive:
        require_arrays(where, archive.files)
        wanted = [key for key in (*ARRAYS, NAMES) if key in archive.files]
        return of_mapping(where, {key: _read_member(archive, key, where) for key in wanted})


def _read_member(archive: Mapping[str, np.ndarray], key: str, where: str) -> np.ndarray:
    try:
        return archive[key]
    except DAMAGED as error:
        raise ValueError(
            f"{where}: array {key!r} cannot be read: {error}; write it anew."
        ) from error
