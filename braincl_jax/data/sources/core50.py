"""`core50:PATH`: the 50 objects of CORe50 as distributed, in their 11 sessions or by the lists of a benchmark run."""

import logging
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from braincl_jax.data.dataset import Dataset
from braincl_jax.data.sources.distributed import (
    Labelled,
    dataset_of,
    images_in,
    read_lines,
    require_there,
)
from braincl_jax.data.sources.options import split_options

_LOG = logging.getLogger(__name__)

SESSIONS, OBJECTS, TEST_SESSIONS = range(1, 12), range(1, 51), (3, 7, 10)
PER_CATEGORY = 5
# In the order of their objects.
CATEGORIES = (
    *("plug adapters", "mobile phones", "scissors", "light bulbs", "cans"),
    *("glasses", "balls", "markers", "cups", "remote controls"),
)
PAGE = "https://vlomonaco.github.io/core50"
HOW = f"download core50_128x128.zip from {PAGE}, unpack it, and name the folder core50_128x128 that holds s1 .. s11"
HOW_LISTS = (
    f"download batches_filelists.zip from {PAGE}, unpack it beside core50_128x128, and name a run of lists whose "
    "batches do not overlap, such as lists=NC_inc/run0"
)
BATCH = re.compile(r"train_batch_(\d+)_filelist\.txt")


class Frame(NamedTuple):
    """An image.

    Attributes:
        file: where it lies.
        object: 1..50.
        label: its class.
        domain: the session, or batch of a list, that it comes in: 0, 1, ...; 0 for images to test on.
    """

    file: Path
    object: int
    label: int
    domain: int


def load_core50(rest: str) -> Dataset:
    """The data set of sA/oB/C_AA_BB_FFF.png; sessions 3, 7 and 10 are to test on.

    Options of `PATH?key=value,key=value`:
        classes: `objects`, 50 of them, or `categories`, 10 of five objects each.
        lists: a folder of `train_batch_NN_filelist.txt` and `test_filelist.txt`, such as `NC_inc/run0`, below
            `batches_filelists` beside PATH, or anywhere if absolute. Objects are then numbered as in the lists, which
            number them anew in each run.

    The domain of a training image is its session, in the order of their numbers, or with lists its batch.

    Raises:
        ValueError: a session, an object of a session or a list is missing, or a list does not fit the files.
    """
    where = f"core50:{rest}"
    path, options = split_options(where, rest, {"classes": ("objects", "categories"), "lists": ()})
    folder = Path(path)
    require_there(where, [folder / f"s{session}" for session in SESSIONS], HOW)
    frames = _frames(where, folder)
    test = [frame for session in TEST_SESSIONS for frame in frames.pop(session)]
    train = [frame for session in frames for frame in frames[session]]
    if options["lists"]:
        lists = folder.parent / "batches_filelists" / options["lists"]
        train, test = _listed(where, lists, train, test)
    object_of = {frame.label: frame.object for frame in train}
    names = [f"o{object_of[label]}" for label in sorted(object_of)]
    if options["classes"] == "categories":
        names = list(CATEGORIES)
        train, test = _by_category(train), _by_category(test)
    dataset = dataset_of(where, _labelled(train), _labelled(test), names, HOW)
    return dataset._replace(train_domains=np.array([frame.domain for frame in train], np.int64))


def _by_category(frames: Iterable[Frame]) -> list[Frame]:
    return [frame._replace(label=(frame.object - 1) // PER_CATEGORY) for frame in frames]


def _labelled(frames: list[Frame]) -> Labelled:
    return Labelled([frame.file for frame in frames], [frame.label for frame in frames])


def _frames(where: str, folder: Path) -> dict[int, list[Frame]]:
    """The frames of each session, object after object."""
    to_train_on = [session for session in SESSIONS if session not in TEST_SESSIONS]
    frames: dict[int, list[Frame]] = {session: [] for session in SESSIONS}
    for session in SESSIONS:
        domain = to_train_on.index(session) if session in to_train_on else 0
        for number in OBJECTS:
            files = images_in(folder / f"s{session}" / f"o{number}")
            if not files:
                raise ValueError(f"{where}: no image in s{session}/o{number}; {HOW}.")
            frames[session] += [Frame(file, number, number - 1, domain) for file in files]
    return frames


def _listed(
    where: str, lists: Path, train: list[Frame], test: list[Frame]
) -> tuple[list[Frame], list[Frame]]:
    """The frames that the lists name, batch after batch, labelled as there."""
    require_there(where, (lists,), HOW_LISTS)
    batches = {int(m[1]): file for file in lists.iterdir() if (m := BATCH.fullmatch(file.name))}
    if not batches or max(batches) + 1 != len(batches):
        raise ValueError(
            f"{where}: {lists} has the training batches {sorted(batches)}; need all of 0, 1, ...; {HOW_LISTS}."
        )
    untold = {_name(frame): frame for frame in train}
    trained = [
        frame
        for domain in range(len(batches))
        for frame in _read_list(where, batches[domain], domain, untold)
    ]
    untested = {_name(frame): frame for frame in test}
    tested = _read_list(where, lists / "test_filelist.txt", 0, untested)
    _require_labels(where, trained, tested)
    if untold or untested:
        left_out = len(untold) + len(untested)
        _LOG.warning("%s: left out %d images that are in none of its lists", where, left_out)
    return trained, tested


def _name(frame: Frame) -> str:
    """As the lists write it: s1/o1/C_01_01_000.png."""
    return "/".join(frame.file.parts[-3:])


def _read_list(where: str, file: Path, domain: int, there: dict[str, Frame]) -> list[Frame]:
    """The frames of a list, which are taken out of those that are `there`."""
    frames = []
    for line in read_lines(where, file, HOW_LISTS):
        name, _, label = line.strip().rpartition(" ")
        if name not in there or not label.isdecimal():
            raise ValueError(
                f"{where}: {file.name} has the line {line!r}; need 's1/o1/C_01_01_000.png 0', a file that is there, in "
                f"no list before, and of sessions {TEST_SESSIONS} in test_filelist.txt alone; {HOW_LISTS}."
            )
        frames.append(there.pop(name)._replace(label=int(label), domain=domain))
    return frames


def _require_labels(where: str, train: list[Frame], test: list[Frame]) -> None:
    """Raises ValueError unless labels are 0, 1, ..., each of one object, all of them to train on."""
    object_of: dict[int, int] = {}
    for frame in (*train, *test):
        if object_of.setdefault(frame.label, frame.object) != frame.object:
            raise ValueError(
                f"{where}: label {frame.label} is of {_name(frame)} and of o{object_of[frame.label]}; {HOW_LISTS}."
            )
    labels = {frame.label for frame in train}
    if labels != set(range(len(object_of))) or len(set(object_of.values())) < len(object_of):
        raise ValueError(
            f"{where}: the training batches have the labels {sorted(labels)}, of the objects "
            f"{sorted(set(object_of.values()))}; need 0, 1, ..., one for each object; {HOW_LISTS}."
        )
