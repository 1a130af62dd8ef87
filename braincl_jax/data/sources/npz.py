"""`npz:FILE`: four arrays in one file, read into memory; `npy` is for what does not fit there."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.lib.npyio import NpzFile

from braincl_jax.data.dataset import ARRAYS, NAMES, Dataset, of_mapping, require_arrays
from braincl_jax.data.sources.decoding import DAMAGED


def load_npz(path: str) -> Dataset:
    """The data set of x_train, y_train, x_test, y_test and, if it is there, class_names, in an .npz file.

    Raises:
        ValueError: the file or an array is missing or cannot be read.
    """
    where = f"npz:{path}"
    remedy = (
        f"need one of numpy.savez with the arrays {ARRAYS}; `python -m experiments.make_arrays` makes cifar100.npz and "
        "omniglot.npz"
    )
    with opened(where, path, remedy) as archive:
        require_arrays(where, archive.files)
        wanted = [key for key in (*ARRAYS, NAMES) if key in archive.files]
        return of_mapping(where, {key: read_member(where, archive, key) for key in wanted})


def opened(where: str, path: str | Path, remedy: str) -> NpzFile:
    """The arrays of an .npz file, each read when it is asked for; to be closed by the caller.

    Args:
        where: the data set, for errors.
        path: the file.
        remedy: what to do where it cannot be read.

    Raises:
        ValueError: it is missing or no such file.
    """
    if not Path(path).is_file():
        raise ValueError(f"{where}: no such file; {remedy}.")
    if not zipfile.is_zipfile(path):
        raise ValueError(f"{where}: not an .npz file; {remedy}.")
    # No pickles: a data file must not be able to run code.
    try:
        return np.load(path, allow_pickle=False)
    except DAMAGED as error:
        raise ValueError(f"{where}: cannot be read: {error}; {remedy}.") from error


def read_member(
    where: str, archive: Mapping[str, np.ndarray], key: str, remedy: str = "write it anew"
) -> np.ndarray:
    """An array of an .npz file; raises ValueError with `remedy` if it cannot be read."""
    try:
        return archive[key]
    except DAMAGED as error:
        raise ValueError(f"{where}: array {key!r} cannot be read: {error}; {remedy}.") from error
