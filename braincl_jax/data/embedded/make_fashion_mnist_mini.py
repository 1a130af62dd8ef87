"""Writes fashion_mnist_mini.npz: the first images of each class of Fashion-MNIST.

Reads the four idx files of Debian's package `dataset-fashion-mnist`. Nothing is drawn at random, so
writing twice gives identical arrays:

    python make_fashion_mnist_mini.py [--source=FOLDER] [--output=FILE]
"""

import argparse
import gzip
from pathlib import Path

import numpy as np

SOURCE = Path("/usr/share/datasets/fashion-mnist")
OUTPUT = Path(__file__).with_name("fashion_mnist_mini.npz")
NUM_CLASSES = 10
TRAIN_PER_CLASS = 500
TEST_PER_CLASS = 100

IDX_UINT8 = 8


def read_idx(path: Path) -> np.ndarray:
    """Reads a gzipped idx file of bytes.

    Args:
        path: the .gz file.

    Returns:
        uint8 array, of the rank and shape that the header states.

    Raises:
        ValueError: if the file is not an idx file of unsigned bytes, or is shorter than it states.
    """
    content = gzip.decompress(path.read_bytes())
    zero, kind, rank = int.from_bytes(content[:2], "big"), content[2], content[3]
    if zero != 0 or kind != IDX_UINT8:
        raise ValueError(f"{path} is not an idx file of unsigned bytes: it begins {content[:4]!r}.")
    shape = np.frombuffer(content, ">u4", count=rank, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(shape)


def first_of_each_class(labels: np.ndarray, count: int) -> np.ndarray:
    """Rows of the first `count` examples of each class, in the original order.

    Args:
        labels: integers [N], 0..9.
        count: how many of each class.

    Returns:
        int64 [10 * count], ascending.
    """
    return np.sort(
        np.concatenate([np.flatnonzero(labels == c)[:count] for c in range(NUM_CLASSES)])
    )


def read_split(folder: Path, prefix: str, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Reads the first `count` images of each class of one split.

    Args:
        folder: where the idx files are.
        prefix: `train` or `t10k`, as the files are called.
        count: how many of each class.

    Returns:
        Images uint8 [10 * count, 28, 28, 1] and labels int64 [10 * count], in the original order.
    """
    images = read_idx(folder / f"{prefix}-images-idx3-ubyte.gz")
    labels = read_idx(folder / f"{prefix}-labels-idx1-ubyte.gz")
    rows = first_of_each_class(labels, count)
    return images[rows, :, :, None], labels[rows].astype(np.int64)


def main() -> None:
    """Writes the subset beside this file."""
    parser = argparse.ArgumentParser(description="Writes fashion_mnist_mini.npz.")
    parser.add_argument("--source", type=Path, default=SOURCE, help="folder of the idx .gz files")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="file to write")
    args = parser.parse_args()
    x_train, y_train = read_split(args.source, "train", TRAIN_PER_CLASS)
    x_test, y_test = read_split(args.source, "t10k", TEST_PER_CLASS)
    np.savez_compressed(args.output, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)


if __name__ == "__main__":
    main()
