"""Makes `cifar100.npz` and `omniglot.npz`, which configs name, of what the authors of the data sets distribute.

    python -m experiments.make_arrays cifar100 cifar-100-binary
    python -m experiments.make_arrays omniglot images_background images_evaluation

CIFAR-100: `cifar-100-binary.tar.gz` from https://www.cs.toronto.edu/~kriz/cifar.html, unpacked.
Omniglot: `images_background.zip` and `images_evaluation.zip` from https://github.com/brendenlake/omniglot (python),
unpacked. Alphabets, characters and drawings are taken in the order of their names; of each of the 1,623 characters the
first 15 drawings are trained on and the last 5 tested on.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

TRAINED_ON = 15
# Bytes of an image of CIFAR-100: its coarse and its fine label, then red, green and blue.
RECORD = 2 + 3 * 32 * 32
Arrays = dict[str, Any]


def cifar100(folder: Path) -> Arrays:
    """uint8 [50000, 32, 32, 3] and [10000, 32, 32, 3] with their fine labels, in the order of the files."""
    arrays: Arrays = {}
    for part in ("train", "test"):
        records = np.fromfile(folder / f"{part}.bin", np.uint8).reshape(-1, RECORD)
        arrays[f"x_{part}"] = records[:, 2:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        arrays[f"y_{part}"] = records[:, 1].astype(np.int64)
    return arrays


def omniglot(folders: Sequence[Path]) -> Arrays:
    """uint8 [N, 105, 105, 1] in {0, 255}; characters are numbered through all folders."""
    characters = [character for folder in folders for character in sorted(folder.glob("*/*"))]
    found: dict[str, list] = {"x_train": [], "y_train": [], "x_test": [], "y_test": []}
    for label, character in enumerate(characters):
        for number, drawing in enumerate(sorted(character.glob("*.png"))):
            part = "train" if number < TRAINED_ON else "test"
            with Image.open(drawing) as image:
                found[f"x_{part}"].append(np.asarray(image.convert("L"))[..., None])
            found[f"y_{part}"].append(label)
    return {name: np.array(values) for name, values in found.items()}


def main(arguments: Sequence[str] | None = None) -> None:
    line = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    line.add_argument("data", choices=("cifar100", "omniglot"))
    line.add_argument("folders", nargs="+", type=Path, help="what was unpacked")
    asked = line.parse_args(arguments)
    for folder in asked.folders:
        if not folder.is_dir():
            line.error(f"{folder}: no such folder; unpack there what is named above")
    if asked.data == "cifar100":
        if len(asked.folders) > 1:
            line.error(f"cifar100 is one folder, got {len(asked.folders)}")
        for file in (asked.folders[0] / name for name in ("train.bin", "test.bin")):
            if not file.is_file() or file.stat().st_size % RECORD:
                line.error(
                    f"{file}: no file of whole images of {RECORD} bytes; need that of CIFAR-100"
                )
        arrays = cifar100(asked.folders[0])
    else:
        arrays = omniglot(asked.folders)
        if not len(arrays["x_train"]):
            line.error(f"{asked.folders[0]} has no ALPHABET/CHARACTER/*.png")
    np.savez_compressed(f"{asked.data}.npz", **arrays)
    print(f"{asked.data}.npz:", {name: array.shape for name, array in arrays.items()})


if __name__ == "__main__":
    main()
