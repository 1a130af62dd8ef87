"""`npy:FOLDER`: four arrays in a file each; those of images are mapped, and read where they are asked for."""

from pathlib import Path
from typing import Literal

import numpy as np

from braincl_jax.data.dataset import NAMES, Dataset, names_of, require_arrays
from braincl_jax.data.images import Mapped, checked_dims
from braincl_jax.data.sources.decoding import DAMAGED


def load_npy(path: str) -> Dataset:
    """The data set of x_train.npy, y_train.npy, x_test.npy, y_test.npy and, if it is there, class_names.npy.

    Raises:
        ValueError: a file is missing, cannot be read, or is no array of images.
    """
    where, folder = f"npy:{path}", Path(path)
    if not folder.is_dir():
        raise ValueError(f"{where}: no such folder; need one with x_train.npy and its like.")
    found = {file.stem: file for file in folder.glob("*.npy")}
    require_arrays(where, found)
    train, test = (mapped(where, found[key]) for key in ("x_train", "x_test"))
    train_labels, test_labels = (read_npy(where, found[key]) for key in ("y_train", "y_test"))
    names = names_of(where, read_npy(where, found[NAMES])) if NAMES in found else ()
    return Dataset(train, train_labels, test, test_labels, names)


def mapped(where: str, file: Path) -> Mapped:
    """The images of an .npy file, uint8 [N, H, W] or [N, H, W, C]; raises ValueError where it holds none."""
    array = read_npy(where, file, "r")
    dims = checked_dims(where, file.stem, array.dtype, array.shape)
    if not isinstance(array, np.memmap) or not array.flags.c_contiguous:
        raise ValueError(
            f"{where}: {file.name} is in Fortran order; need images one after another."
        )
    return Mapped.of(file, array.offset, dims)


def read_npy(where: str, file: Path, mode: Literal["r"] | None = None) -> np.ndarray:
    """The array of an .npy file, mapped if `mode` is "r"; raises ValueError where it cannot be read."""
    try:
        # No pickles: a data file must not be able to run code.
        return np.load(file, mmap_mode=mode, allow_pickle=False)
    except DAMAGED as error:
        raise ValueError(f"{where}: {file.name} cannot be read: {error}; write it anew.") from error
