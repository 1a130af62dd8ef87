"""Tiny data sets in the form in which distributors ship them; the pixels of each image tell which one it is."""

import io
import tarfile
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image

CORE50_SESSIONS, CORE50_OBJECTS, CORE50_TEST = range(1, 12), range(1, 51), (3, 7, 10)
# Of ImageNet, in an order that is not that of their ILSVRC2012_ID.
WNIDS = ("n01440764", "n01443537", "n02119789", "n03770679")


def write_flat(file: Path, colour: tuple[int, int, int], size: tuple[int, int] = (8, 8)) -> None:
    """An image of one colour, (width, height) pixels; JPEG keeps it to within 3."""
    file.parent.mkdir(parents=True, exist_ok=True)
    options = {"quality": 95, "subsampling": 0} if file.suffix == ".JPEG" else {}
    Image.new("RGB", size, colour).save(file, "JPEG" if options else "PNG", **options)


def medmnist_arrays(
    sizes: Mapping[str, int],
    *,
    num_classes: int = 2,
    side: int = 28,
    channels: int = 1,
    seed: int = 0,
) -> dict[str, np.ndarray]:
    """The arrays of a file of MedMNIST: labels [N, 1] in turn, greyscale images without an axis of channels."""
    rng, arrays = np.random.default_rng(seed), {}
    for split, number in sizes.items():
        shape = (number, side, side) if channels == 1 else (number, side, side, channels)
        arrays[f"{split}_images"] = rng.integers(0, 256, shape, np.uint8)
        arrays[f"{split}_labels"] = (np.arange(number, dtype=np.uint8) % num_classes)[:, None]
    return arrays


def write_medmnist(
    file: Path, sizes: Sequence[int] = (8, 4, 4), **of_arrays: int
) -> dict[str, np.ndarray]:
    """Writes FLAG.npz with so many images to train, validate and test on; its arrays."""
    train, val, test = sizes
    arrays = medmnist_arrays({"train": train, "val": val, "test": test}, **of_arrays)
    file.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return arrays


def core50_name(session: int, number: int, frame: int) -> str:
    """As in the file lists."""
    return f"s{session}/o{number}/C_{session:02d}_{number:02d}_{frame:03d}.png"


def write_core50(folder: Path, frames: int = 1, side: int = 8) -> None:
    """All sessions of all objects; red, green and blue are session, object and frame."""
    for session in CORE50_SESSIONS:
        for number in CORE50_OBJECTS:
            for frame in range(frames):
                file = folder / core50_name(session, number, frame)
                write_flat(file, (session, number, frame), (side, side))


def core50_nc_lists(order: Sequence[int], frames: int = 1) -> dict[str, list[str]]:
    """The lists of an NC run, in which labels follow `order`: ten objects at first, then five at a time."""
    starts = [0, *range(10, len(order), 5), len(order)]
    label_of = {number: label for label, number in enumerate(order)}

    def lines(objects: Sequence[int], sessions: Sequence[int]) -> list[str]:
        return [
            f"{core50_name(session, number, frame)} {label_of[number]}"
            for number in objects
            for session in sessions
            for frame in range(frames)
        ]

    training = [session for session in CORE50_SESSIONS if session not in CORE50_TEST]
    lists = {
        f"train_batch_{batch:02d}_filelist.txt": lines(order[start:stop], training)
        for batch, (start, stop) in enumerate(pairwise(starts))
    }
    return {**lists, "test_filelist.txt": lines(order, CORE50_TEST)}


def core50_ni_lists(sessions: Sequence[int], frames: int = 1) -> dict[str, list[str]]:
    """The lists of an NI run, a session a batch in this order; objects keep their numbers."""

    def lines(*sessions: int) -> list[str]:
        return [
            f"{core50_name(session, number, frame)} {number - 1}"
            for session in sessions
            for number in CORE50_OBJECTS
            for frame in range(frames)
        ]

    lists = {
        f"train_batch_{batch:02d}_filelist.txt": lines(session)
        for batch, session in enumerate(sessions)
    }
    return {**lists, "test_filelist.txt": lines(*CORE50_TEST)}


def write_lists(folder: Path, lists: Mapping[str, Sequence[str]]) -> None:
    """Writes text files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in lists.items():
        (folder / name).write_text("".join(f"{line}\n" for line in lines))


def write_imagenet_train(
    folder: Path, wnids: Sequence[str] = WNIDS, number: int = 2, side: int = 8
) -> None:
    """train/WNID/WNID_N.JPEG: red is 40 times the class, green 10 times the row."""
    for label, wnid in enumerate(wnids):
        for row in range(number):
            write_flat(
                folder / "train" / wnid / f"{wnid}_{row}.JPEG",
                (40 * label % 256, 10 * row % 256, 0),
                (side, side),
            )


def write_imagenet_val(folder: Path, labels: Sequence[int], side: int = 8) -> None:
    """A flat val; red is 40 times the label, green 10 times the row, blue 200."""
    for row, label in enumerate(labels):
        file = folder / "val" / f"ILSVRC2012_val_{row + 1:08d}.JPEG"
        write_flat(file, (40 * label % 256, 10 * row % 256, 200), (side, side))


def imagenet_devkit(wnids: Sequence[str], labels: Sequence[int]) -> dict[str, bytes]:
    """`data/meta.mat` and `data/ILSVRC2012_validation_ground_truth.txt`; IDs run against the order of `wnids`.

    As in the real one, synsets that are no classes follow the classes.
    """
    from scipy.io import savemat

    kinds = ("ILSVRC2012_ID", "WNID", "words", "gloss", "num_children", "children")
    synsets = np.empty((len(wnids) + 1, 1), [(kind, object) for kind in kinds])
    for row, wnid in enumerate(reversed(wnids)):
        synsets[row, 0] = (row + 1, wnid, f"words of {wnid}", "gloss", 0, np.zeros((1, 0)))
    last = len(wnids) + 1
    synsets[-1, 0] = (last, "n00001740", "entity", "gloss", 2, np.array([[1, 2]]))
    meta = io.BytesIO()
    savemat(meta, {"synsets": synsets})
    truth = "".join(f"{len(wnids) - label}\n" for label in labels)
    return {
        "data/meta.mat": meta.getvalue(),
        "data/ILSVRC2012_validation_ground_truth.txt": truth.encode(),
    }


def write_devkit(folder: Path, files: Mapping[str, bytes], packed: bool) -> None:
    """The devkit as a folder, or as the tar.gz that it comes in."""
    if packed:
        with tarfile.open(folder / "ILSVRC2012_devkit_t12.tar.gz", "w:gz") as archive:
            for name, content in files.items():
                member = tarfile.TarInfo(f"ILSVRC2012_devkit_t12/{name}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    else:
        for name, content in files.items():
            file = folder / "ILSVRC2012_devkit_t12" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)


def write_solution(folder: Path, wnids: Sequence[str], labels: Sequence[int]) -> None:
    """Kaggle's list of the labels of val, in an order of its own."""
    rows = [
        f"ILSVRC2012_val_{row + 1:08d},{wnids[label]} 85 1 499 272 "
        for row, label in enumerate(labels)
    ]
    text = "\n".join(["ImageId,PredictionString", *reversed(rows)])
    (folder / "LOC_val_solution.csv").write_text(f"{text}\n")


def write_tiny_imagenet(
    folder: Path, wnids: Sequence[str] = WNIDS, number: int = 2, side: int = 8
) -> None:
    """Tiny-ImageNet; colours as of ImageNet, an image of each class to test on, listed backwards."""
    size = (side, side)
    for label, wnid in enumerate(wnids):
        boxes = []
        for row in range(number):
            name = f"{wnid}_{row}.JPEG"
            colour = (40 * label % 256, 10 * row % 256, 0)
            write_flat(folder / "train" / wnid / "images" / name, colour, size)
            boxes.append(f"{name}\t0\t0\t62\t62\n")
        (folder / "train" / wnid / f"{wnid}_boxes.txt").write_text("".join(boxes))
        write_flat(folder / f"val/images/val_{label}.JPEG", (40 * label % 256, 0, 200), size)
    lists = {
        "val/val_annotations.txt": [
            f"val_{label}.JPEG\t{wnids[label]}\t0\t32\t44\t62"
            for label in reversed(range(len(wnids)))
        ],
        "wnids.txt": list(reversed(wnids)),
        "words.txt": [f"{wnid}\tword {wnid[-1]}, other word" for wnid in (*wnids, "n00001740")],
    }
    write_lists(folder, lists)
