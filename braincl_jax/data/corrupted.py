"""Corrupted test sets, and those of them that are distributed: CIFAR-10-C, CIFAR-100-C, and what has ImageNet-C's form.

Hendrycks & Dietterich 2019, arXiv 1903.12261. A distributed set has its own constants: those of CIFAR-C were chosen for
32 pixels, those of ImageNet-C for 224.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from braincl_jax.data.images import Encoded, Images
from braincl_jax.data.sources.distributed import of_folders, some
from braincl_jax.data.sources.folder import Pictures
from braincl_jax.data.sources.npy import mapped, read_npy
from braincl_jax.data.sources.paths import Paths, folder_names
from braincl_jax.data.stream import TaskStream

# The 15 of the benchmark, and the 4 that it has for choosing settings.
COMMON = (
    *("gaussian_noise", "shot_noise", "impulse_noise"),
    *("defocus_blur", "glass_blur", "motion_blur", "zoom_blur"),
    *("snow", "frost", "fog", "brightness"),
    *("contrast", "elastic_transform", "pixelate", "jpeg_compression"),
)
EXTRA = ("speckle_noise", "gaussian_blur", "spatter", "saturate")
SEVERITIES = (1, 2, 3, 4, 5)
LABELS = "labels"


class Shifted(NamedTuple):
    """Test images of one corruption and severity, or as they are.

    Attributes:
        images: of any shape.
        rows: int64 [N], those of them that are of the stream's classes.
        label: integers [N], their classes in the class order.
    """

    images: Images | Encoded
    rows: NDArray[np.int64]
    label: NDArray[np.integer]


class CorruptedSet(NamedTuple):
    """Test images in many states.

    Attributes:
        corruptions: by name.
        read: (corruption, severity) -> its images.
        clean: the same images as they are; None where the set does not have them.
    """

    corruptions: tuple[str, ...]
    read: Callable[[str, int], Shifted]
    clean: Shifted | None = None


def load_corrupted(name: str, stream: TaskStream) -> CorruptedSet:
    """Finds a corrupted test set.

    Args:
        name: `cifar_c:PATH`, a folder of CORRUPTION.npy (uint8 [5 N, H, W, C], severity after severity) and labels.npy
            ([5 N], the numbers of the classes as the stream's source has them); or `imagenet_c:PATH`, a folder of
            CORRUPTION/SEVERITY/CLASS/*.JPEG, CLASS being the names of the stream's classes.
        stream: whose classes count.

    Returns:
        The set; its pixels are read when they are asked for.

    Raises:
        ValueError: the scheme is unknown, or something is not found, not readable, or of other classes.
    """
    scheme, _, path = name.partition(":")
    if scheme not in _READERS:
        raise ValueError(
            f"source={name!r}: need SCHEME:PATH with SCHEME one of {', '.join(sorted(_READERS))}"
        )
    if not Path(path).is_dir():
        raise ValueError(f"source={name!r}: no such folder; need that of a corrupted test set")
    return _READERS[scheme](name, Path(path), stream)


def _cifar_c(name: str, folder: Path, stream: TaskStream) -> CorruptedSet:
    files = {file.stem: file for file in sorted(folder.glob("*.npy"))}
    if LABELS not in files:
        raise ValueError(
            f"source={name!r}: no labels.npy in it, only {', '.join(files) or 'nothing'}"
        )
    labels = read_npy(name, files.pop(LABELS))
    images = {corruption: mapped(name, file) for corruption, file in files.items()}
    for corruption, some_images in images.items():
        if len(some_images) != len(labels) or len(labels) % len(SEVERITIES):
            raise ValueError(
                f"source={name!r}: {corruption}.npy has {len(some_images)} images and labels.npy {len(labels)} labels; "
                f"need as many of both, {len(SEVERITIES)} severities one after another"
            )
    place = {original: label for label, original in enumerate(stream.class_order)}
    label = np.array([place.get(original, -1) for original in labels.tolist()])
    if (label < 0).all():
        raise ValueError(f"source={name!r}: no label of labels.npy is a class of the stream")

    def read(corruption: str, severity: int) -> Shifted:
        each = len(label) // len(SEVERITIES)
        first = SEVERITIES.index(severity) * each
        rows = first + np.flatnonzero(label[first : first + each] >= 0)
        return Shifted(images[corruption], rows, label[rows])

    return CorruptedSet(tuple(images), read)


def _imagenet_c(name: str, folder: Path, stream: TaskStream) -> CorruptedSet:
    found = tuple(
        one
        for one in folder_names(folder)
        if all((folder / one / str(severity)).is_dir() for severity in SEVERITIES)
    )
    if not found:
        raise ValueError(f"source={name!r}: no folders CORRUPTION/1 to CORRUPTION/5 in it")
    classes = folder_names(folder / found[0] / str(SEVERITIES[0]))
    if not set(classes) & set(stream.class_names):
        raise ValueError(
            f"source={name!r}: its classes ({some(classes)}) are none of the stream's ({some(stream.class_names)})"
        )

    def read(corruption: str, severity: int) -> Shifted:
        where = folder / corruption / str(severity)
        files, label = of_folders([where / one for one in stream.class_names])
        if not files:
            raise ValueError(f"source={name!r}: no image of the stream's classes in {where}")
        return Shifted(Pictures.of(Paths(files)), np.arange(len(files)), np.array(label))

    return CorruptedSet(found, read)


_READERS: Mapping[str, Callable[[str, Path, TaskStream], CorruptedSet]] = {
    "cifar_c": _cifar_c,
    "imagenet_c": _imagenet_c,
}
