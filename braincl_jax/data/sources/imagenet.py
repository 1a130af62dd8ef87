"""`imagenet:PATH`: ImageNet-1K as distributed, images to test on in folders or flat with the devkit's ground truth."""

import csv
import io
import tarfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from braincl_jax.data.dataset import Dataset
from braincl_jax.data.sources.decoding import DAMAGED
from braincl_jax.data.sources.distributed import (
    Labelled,
    dataset_of,
    images_in,
    of_folders,
    require_match,
    require_there,
    some,
)
from braincl_jax.data.sources.paths import folder_names

DEVKIT, META, TRUTH = (
    "ILSVRC2012_devkit_t12",
    "data/meta.mat",
    "data/ILSVRC2012_validation_ground_truth.txt",
)
SOLUTION, KAGGLE = "LOC_val_solution.csv", "ILSVRC/Data/CLS-LOC"
PAGE = "https://image-net.org/download-images"
HOW = (
    f"from {PAGE} take ILSVRC2012_img_train.tar, unpack it and each of the tar files in it into PATH/train/WNID, and "
    "ILSVRC2012_img_val.tar into PATH/val"
)
HOW_TRUTH = (
    f"to label the images in val, put {DEVKIT}.tar.gz of {PAGE} (or {SOLUTION} of Kaggle's archive) into PATH, or the "
    "images into val/WNID"
)


def load_imagenet(path: str) -> Dataset:
    """The data set of train/WNID/*.JPEG and val/WNID/*.JPEG, or a flat val whose labels lie in PATH.

    Classes are the folders in train, in the order of their names (WordNet IDs), which are the names of the classes.
    The labels of a flat val come from `ILSVRC2012_devkit_t12.tar.gz`, packed or not, or from Kaggle's
    `LOC_val_solution.csv`. Kaggle's archive may also be named as a whole.

    Raises:
        ValueError: something is missing or damaged, a class is empty or only in val, or lists do not fit the files.
    """
    where, top = f"imagenet:{path}", Path(path)
    folder = top / KAGGLE if (top / KAGGLE).is_dir() else top
    train, val = folder / "train", folder / "val"
    require_there(where, (train, val), HOW)
    wnids = folder_names(train)
    if not wnids:
        raise ValueError(f"{where}: no folder in {train}; {HOW}.")
    in_folders = folder_names(val)
    if in_folders:
        _require_trained(where, in_folders, wnids)
        test = of_folders([val / wnid for wnid in wnids])
    else:
        files = images_in(val)
        if not files:
            raise ValueError(f"{where}: no image in {val}; {HOW}.")
        theirs = _wnids_of(where, top, files)
        _require_trained(where, theirs, wnids)
        label_of = {wnid: label for label, wnid in enumerate(wnids)}
        test = Labelled(files, [label_of[wnid] for wnid in theirs])
    return dataset_of(where, of_folders([train / wnid for wnid in wnids]), test, wnids, HOW)


def _require_trained(where: str, tested: Iterable[str], trained: Iterable[str]) -> None:
    unknown = sorted(set(tested) - set(trained))
    if unknown:
        raise ValueError(f"{where}: val has classes that train lacks: {some(unknown)}; {HOW}.")


def _wnids_of(where: str, top: Path, files: Sequence[Path]) -> list[str]:
    """The WordNet ID of each file of a flat val, in their order."""
    solution, devkits = top / SOLUTION, (top / DEVKIT, top)
    if solution.is_file():
        wnid_of = _solution(where, solution)
        _require_listed(where, solution.name, wnid_of, files)
        return [wnid_of[file.stem] for file in files]
    for devkit in devkits:
        if (devkit / META).is_file():
            require_there(where, (devkit / TRUTH,), HOW_TRUTH)
            return _true_wnids(
                where, files, (devkit / META).read_bytes(), (devkit / TRUTH).read_bytes()
            )
    packed = top / f"{DEVKIT}.tar.gz"
    require_there(where, (packed,), HOW_TRUTH)
    try:
        with tarfile.open(packed) as archive:
            meta, truth = (_member(archive, f"{DEVKIT}/{name}") for name in (META, TRUTH))
    except (*DAMAGED, KeyError, tarfile.TarError) as error:
        raise ValueError(f"{where}: {packed} cannot be read: {error}; {HOW_TRUTH}.") from error
    return _true_wnids(where, files, meta, truth)


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    member = archive.extractfile(name)
    if member is None:
        raise KeyError(f"{name} is no file")
    return member.read()


def _solution(where: str, file: Path) -> dict[str, str]:
    """WordNet ID by the name of an image, from lines such as `ILSVRC2012_val_00000001,n01751748 85 1 499 272 `."""
    try:
        with file.open(newline="", encoding="utf-8") as lines:
            return {
                row["ImageId"]: row["PredictionString"].split()[0] for row in csv.DictReader(lines)
            }
    except (*DAMAGED, KeyError, AttributeError, csv.Error) as error:
        raise ValueError(
            f"{where}: {file} is not Kaggle's list: {error!r}; {HOW_TRUTH}."
        ) from error


def _true_wnids(where: str, files: Sequence[Path], meta: bytes, truth: bytes) -> list[str]:
    """The WordNet ID of each file: line i of the truth is the ILSVRC2012_ID of image i, and meta.mat names the IDs.

    An ID is a number of ImageNet's own: its order is not that of the WordNet IDs.
    """
    wnid_of = _wnid_of_ids(where, meta)
    try:
        ids = [int(line) for line in truth.split()]
        wnids = [wnid_of[number] for number in ids]
    except (ValueError, KeyError) as error:
        raise ValueError(
            f"{where}: {TRUTH} of the devkit is not a list of its IDs: {error!r}; {HOW_TRUTH}."
        ) from error
    listed = [f"ILSVRC2012_val_{number:08d}" for number in range(1, len(ids) + 1)]
    _require_listed(where, TRUTH, listed, files)
    return wnids


def _require_listed(where: str, name: str, listed: Iterable[str], files: Sequence[Path]) -> None:
    found = [file.stem for file in files]
    require_match(where, (name, listed), ("val", found), HOW)


def _wnid_of_ids(where: str, meta: bytes) -> dict[int, str]:
    """WordNet ID by ILSVRC2012_ID, of the synsets that have no children: the classes."""
    # Imported here: only the devkit needs it.
    from scipy.io.matlab import MatReadError, loadmat

    try:
        synsets = loadmat(io.BytesIO(meta), squeeze_me=True, variable_names=["synsets"])["synsets"]
        return {
            int(synset["ILSVRC2012_ID"]): str(synset["WNID"])
            for synset in synsets
            if int(synset["num_children"]) == 0
        }
    # SciPy's word for a file of MATLAB 7.3 is the third one.
    except (*DAMAGED, KeyError, NotImplementedError, MatReadError) as error:
        raise ValueError(
            f"{where}: {META} of the devkit cannot be read: {error!r}; {HOW_TRUTH}."
        ) from error
