"""`tiny_imagenet:PATH`: Tiny-ImageNet as distributed, whose images to test on lie in one folder with a list."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from braincl_jax.data.dataset import Dataset
from braincl_jax.data.sources.distributed import (
    Labelled,
    dataset_of,
    images_in,
    of_folders,
    read_lines,
    require_match,
    require_there,
)
from braincl_jax.data.sources.options import split_options
from braincl_jax.data.sources.paths import folder_names

HOW = (
    "download http://cs231n.stanford.edu/tiny-imagenet-200.zip, unpack it, and name the folder tiny-imagenet-200 that "
    "holds train, val, wnids.txt and words.txt"
)


def load_tiny_imagenet(rest: str) -> Dataset:
    """The data set of train/WNID/images and of val/images with the labels of val/val_annotations.txt.

    Classes are numbered in the order of their WordNet IDs. `PATH?names=words` names them by the first of their words in
    words.txt instead of by WordNet IDs.

    Raises:
        ValueError: something is missing, a class is empty or only in val, or a list does not fit the files.
    """
    where = f"tiny_imagenet:{rest}"
    path, options = split_options(where, rest, {"names": ("wnids", "words")})
    train, val = Path(path) / "train", Path(path) / "val"
    require_there(where, (train, val / "images"), HOW)
    wnids = folder_names(train)
    listed = map(str.strip, read_lines(where, Path(path) / "wnids.txt", HOW))
    require_match(where, ("wnids.txt", list(listed)), ("train", wnids), HOW)
    return dataset_of(
        where,
        of_folders([train / wnid / "images" for wnid in wnids]),
        _validation(where, val, wnids),
        wnids if options["names"] == "wnids" else _words(where, Path(path) / "words.txt", wnids),
        HOW,
    )


def _validation(where: str, val: Path, wnids: Sequence[str]) -> Labelled:
    """Lines are `val_0.JPEG`, WordNet ID and four numbers of a box, separated by tabs."""
    label_of, listed = {wnid: label for label, wnid in enumerate(wnids)}, {}
    for line in read_lines(where, val / "val_annotations.txt", HOW):
        name, wnid, *_ = (*line.split("\t"), "")
        if wnid not in label_of:
            raise ValueError(
                f"{where}: val_annotations.txt has {line!r}, and {wnid!r} is no class of train; {HOW}."
            )
        listed[name] = label_of[wnid]
    files = images_in(val / "images")
    names = [file.name for file in files]
    require_match(where, ("val_annotations.txt", listed), ("val/images", names), HOW)
    return Labelled(files, [listed[name] for name in names])


def _words(where: str, file: Path, wnids: Sequence[str]) -> list[str]:
    """The first word of each class, with its WordNet ID where several classes have the same word."""
    lines = [line.partition("\t") for line in read_lines(where, file, HOW)]
    words = {wnid: text for wnid, _, text in lines}
    missing = [wnid for wnid in wnids if not words.get(wnid)]
    if missing:
        raise ValueError(f"{where}: words.txt has no words of {missing[0]}; {HOW}.")
    first = [words[wnid].split(",")[0].strip() for wnid in wnids]
    number = Counter(first)
    return [
        word if number[word] == 1 else f"{word} ({wnid})"
        for word, wnid in zip(first, wnids, strict=True)
    ]
