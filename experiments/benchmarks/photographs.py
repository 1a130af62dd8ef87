"""Many JPEG files of ImageNet's shape from few photographs: a data set of the source `folder:` (needs Pillow).

A class is a photograph in a change of its colours. Its files are cut out of it at random places and sizes, at times
mirrored, a little brighter or darker, and of about 500x375 pixels. A file follows from the seed, its class, its split
and its number alone, so a tree with fewer files a class holds the first ones of a tree with more.
"""

import importlib
import itertools
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

# Pixels of the long and of the short side, from .. to; as far as an image of ImageNet is from 500x375 as a rule.
LONG, SHORT = (450, 550), (335, 415)
# Share of a photograph's sides that is cut out, and factors of contrast; brightness moves by so many levels.
CUT, CONTRAST, BRIGHTNESS = (0.5, 0.95), (0.8, 1.2), 20
QUALITY = 85
SPLITS = ("train", "val")


class Colours(NamedTuple):
    """A change of colours.

    Attributes:
        channels: which channel of the photograph becomes red, green and blue.
        negative: whether bright and dark change places.
    """

    channels: tuple[int, int, int]
    negative: bool


CHANGES = tuple(
    Colours((red, green, blue), negative)
    for negative in (False, True)
    for red, green, blue in itertools.permutations(range(3))
)


def write_tree(
    photographs: Path,
    folder: Path,
    *,
    classes: int,
    per_class: dict[str, int],
    seed: int = 0,
) -> int:
    """Writes FOLDER/SPLIT/CLASS/NUMBER.jpg.

    Args:
        photographs: a folder of PNG files.
        folder: is made where it is not there.
        classes: at most 12 for each photograph.
        per_class: files of each class, by split, one of `SPLITS`.
        seed: of all files.

    Returns:
        Bytes of all files.

    Raises:
        ValueError: there are too few photographs.
    """
    files = sorted(photographs.glob("*.png"))
    if not 1 <= classes <= len(CHANGES) * len(files):
        raise ValueError(
            f"{photographs}: {len(files)} PNG files make up to {len(CHANGES) * len(files)} classes, {classes} are "
            "asked for: name a folder with more photographs, or ask for fewer classes"
        )
    image: Any = importlib.import_module("PIL.Image")
    written = 0
    for number, (name, file, colours) in enumerate(classes_of(files, classes)):
        with image.open(file) as opened:
            photograph = image.merge(
                "RGB", [opened.convert("RGB").split()[c] for c in colours.channels]
            )
        for split in per_class:
            (folder / split / name).mkdir(parents=True, exist_ok=True)
            for one in range(per_class[split]):
                rng = np.random.default_rng((seed, number, SPLITS.index(split), one))
                target = folder / split / name / f"{one:05}.jpg"
                variation(photograph, colours.negative, rng).save(target, quality=QUALITY)
                written += target.stat().st_size
    return written


def classes_of(files: Sequence[Path], classes: int) -> Iterator[tuple[str, Path, Colours]]:
    """Name, photograph and colours of each class: all photographs in one change, then in the next."""
    for change, file in itertools.islice(itertools.product(range(len(CHANGES)), files), classes):
        yield f"{file.stem}-{change:02}", file, CHANGES[change]


def variation(photograph: Any, negative: bool, rng: np.random.Generator) -> Any:
    """A Pillow image of some part of a photograph; one in four stands upright, as of ImageNet."""
    size = int(rng.integers(*LONG)), int(rng.integers(*SHORT))
    if rng.random() < 0.25:
        size = size[::-1]
    # As much as has the proportions of the new image, so that nothing is stretched.
    share = rng.uniform(*CUT) * min(photograph.width / size[0], photograph.height / size[1])
    width, height = share * size[0], share * size[1]
    left = rng.uniform(0, photograph.width - width)
    top = rng.uniform(0, photograph.height - height)
    image: Any = importlib.import_module("PIL.Image")
    cut = photograph.resize(
        size, image.Resampling.BILINEAR, (left, top, left + width, top + height)
    )
    if rng.random() < 0.5:
        cut = cut.transpose(image.Transpose.FLIP_LEFT_RIGHT)
    return cut.point(levels(negative, rng.uniform(*CONTRAST), rng.uniform(-BRIGHTNESS, BRIGHTNESS)))


def levels(negative: bool, contrast: float, brightness: float) -> list[int]:
    """What each of the 3 x 256 levels of an RGB image becomes."""
    level = np.arange(256.0)
    if negative:
        level = level[::-1]
    changed = np.clip((level - 128) * contrast + 128 + brightness, 0, 255)
    return np.tile(np.round(changed).astype(int), 3).tolist()


def link_part(tree: Path, folder: Path, per_class: dict[str, int]) -> None:
    """A smaller tree of the first files of each class of a larger one, which are not copied.

    Raises:
        ValueError: a class has fewer files.
    """
    for split, number in per_class.items():
        for source in sorted((tree / split).iterdir()):
            files = sorted(source.iterdir())[:number]
            if len(files) < number:
                raise ValueError(f"{source} has {len(files)} files; {number} are asked for")
            (folder / split / source.name).mkdir(parents=True, exist_ok=True)
            for file in files:
                os.link(file, folder / split / source.name / file.name)


def write_noise(folder: Path, number: int) -> Path:
    """Stands for photographs where there are none: PNG files of coloured noise, 96x64 pixels."""
    image: Any = importlib.import_module("PIL.Image")
    folder.mkdir(parents=True, exist_ok=True)
    for one in range(number):
        coarse = np.random.default_rng(one).integers(0, 256, (8, 12, 3), np.uint8)
        image.fromarray(coarse.repeat(8, 0).repeat(8, 1)).save(folder / f"noise{one}.png")
    return folder
