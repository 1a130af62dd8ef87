"""Where images come from: named sources that give four arrays, checked once at the door.

A source is named `SCHEME:REST`. Its function turns REST into the arrays `x_train`, `y_train`,
`x_test`, `y_test`; `load_source` checks them, whoever wrote the function:

    @register_source("mine")
    def _mine(rest: str) -> Mapping[str, np.ndarray]: ...
"""

import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

ARRAYS = ("x_train", "y_train", "x_test", "y_test")
EMBEDDED = Path(__file__).parent / "embedded"
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg")
# Pillow's modes of at most 8 bits a channel; from the others, a conversion would clip.
GREY_MODES = ("1", "L", "LA")
COLOUR_MODES = ("P", "PA", "RGB", "RGBA", "CMYK", "YCbCr")

Source = Callable[[str], Mapping[str, np.ndarray]]
Example = tuple[str, np.ndarray, int]  # what to call it in an error, image, label
_SOURCES: dict[str, Source] = {}


class RawData(NamedTuple):
    """A labelled data set in memory, N images to train on and M to test on.

    Attributes:
        x_train: uint8 [N, H, W, C], C 1 or 3.
        y_train: int64 [N], every class 0..num_classes-1 at least once.
        x_test: uint8 [M, H, W, C].
        y_test: int64 [M], classes among those of `y_train`.
        num_classes: number of classes.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    num_classes: int


def register_source(scheme: str) -> Callable[[Source], Source]:
    """Decorator that makes a function the source of names `scheme:REST`.

    Args:
        scheme: what stands before the first colon of a name.

    Returns:
        A decorator that gives the function back unchanged. The function takes REST and gives the
        four arrays by name; they need not be checked.

    Raises:
        ValueError: if the scheme is empty, has a colon, or is taken by another function.
    """
    if not scheme or ":" in scheme:
        raise ValueError(f"scheme={scheme!r}: need a word without a colon.")
    if scheme in _SOURCES:
        raise ValueError(f"scheme={scheme!r} is taken; taken are {sorted(_SOURCES)}.")

    def register(source: Source) -> Source:
        _SOURCES[scheme] = source
        return source

    return register


def load_source(name: str) -> RawData:
    """Loads a data set by name.

    Args:
        name: one of
            `embedded:NAME`, a small data set of the package, such as fashion_mnist_mini;
            `npz:/path/file.npz`, holding the four arrays;
            `tfds:NAME`, prepared beforehand as array_record in the usual data directory; where
                there is no split `test`, `validation` stands in;
            `folder:/path`, holding train/CLASS/* and test/CLASS/*, .png or .jpg; classes are
                numbered in the order of their names, images are RGB unless all are greyscale;
            or a name of a scheme added by `register_source`.

    Returns:
        The data set. Large arrays are those of the source, not copies.

    Raises:
        ValueError: if the scheme is unknown, something is not found or cannot be read, or the
            arrays are not what `RawData` says. (Greyscale [N, H, W] is fine: C becomes 1.)
        ImportError: if the source needs tensorflow_datasets or Pillow, and it is absent.
    """
    scheme, _, rest = name.partition(":")
    if scheme not in _SOURCES:
        raise ValueError(
            f"dataset={name!r}: unknown source {scheme!r}; "
            f"need SCHEME:REST with SCHEME one of {sorted(_SOURCES)}."
        )
    return _checked(name, _SOURCES[scheme](rest))


@register_source("embedded")
def _embedded(name: str) -> Mapping[str, np.ndarray]:
    possible = sorted(path.stem for path in EMBEDDED.glob("*.npz"))
    if name not in possible:
        raise ValueError(f"embedded:{name}: no such embedded data set; there are {possible}.")
    return _npz(str(EMBEDDED / f"{name}.npz"))


@register_source("npz")
def _npz(path: str) -> Mapping[str, np.ndarray]:
    if not Path(path).is_file():
        raise ValueError(f"npz:{path}: no such file; need an .npz file with the arrays {ARRAYS}.")
    if not zipfile.is_zipfile(path):
        raise ValueError(f"npz:{path}: not an .npz file; need one written by numpy.savez.")
    # No pickles: a data file must not be able to run code.
    with np.load(path, allow_pickle=False) as archive:
        _require_arrays(f"npz:{path}", archive.files)
        return {key: _read_member(archive, key, path) for key in ARRAYS}


def _read_member(archive: Mapping[str, np.ndarray], key: str, path: str) -> np.ndarray:
    try:
        return archive[key]
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"npz:{path}: array {key!r} cannot be read: {error}") from error


@register_source("tfds")
def _tfds(name: str) -> Mapping[str, np.ndarray]:
    # Imported here: it takes a second, and only this source needs it.
    import tensorflow_datasets as tfds

    where = f"tfds:{name}"
    try:
        builder: Any = tfds.builder(name)
    except tfds.core.DatasetNotFoundError:
        # Without the cause, whose message lists every data set there is.
        raise ValueError(f"{where}: no data set of this name; see tfds.list_builders().") from None
    splits = builder.info.splits
    if not splits or builder.info.file_format != tfds.core.FileFormat.ARRAY_RECORD:
        raise ValueError(
            f"{where}: not prepared as array_record in {builder.data_dir}; run "
            f"tfds.builder({name!r}).download_and_prepare(file_format='array_record') first."
        )
    test = "test" if "test" in splits else "validation"
    features = builder.info.features
    if not {"train", test} <= set(splits) or not {"image", "label"} <= set(features):
        raise ValueError(
            f"{where}: has the splits {sorted(splits)} and the features {sorted(features)}; "
            "need train, test (or validation) and image, label."
        )
    return _arrays(_read_tfds(builder, "train"), _read_tfds(builder, test))


def _read_tfds(builder: Any, split: str) -> tuple[np.ndarray, np.ndarray]:
    # A data source, not as_dataset: random access to array_record needs no TensorFlow.
    source = builder.as_data_source(split=split)
    examples = (
        (f"image {row}", example["image"], example["label"]) for row, example in enumerate(source)
    )
    return _stack(f"tfds:{builder.name} {split}", len(source), examples)


@register_source("folder")
def _folder(path: str) -> Mapping[str, np.ndarray]:
    train, test = Path(path) / "train", Path(path) / "test"
    if not (train.is_dir() and test.is_dir()):
        raise ValueError(f"folder:{path}: need the folders {train} and {test}, one in each class.")
    classes = _class_names(train)
    unknown = sorted(set(_class_names(test)) - set(classes))
    if unknown:
        raise ValueError(f"folder:{path}: test has the classes {unknown}, train only {classes}.")
    train_files, test_files = _image_files(train, classes), _image_files(test, classes)
    filled = {label for _, label in train_files}
    empty = [name for label, name in enumerate(classes) if label not in filled]
    if empty:
        raise ValueError(f"folder:{path}: the classes {empty} of train have no .png or .jpg image.")
    # Stops at the first colour image, and reads no more of a file than its header.
    grey = all(_is_grey(file) for file, _ in (*train_files, *test_files))
    mode = "L" if grey else "RGB"
    return _arrays(_read_files(train, train_files, mode), _read_files(test, test_files, mode))


def _class_names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir() if entry.is_dir())


def _image_files(folder: Path, classes: Sequence[str]) -> list[tuple[Path, int]]:
    return [
        (file, label)
        for label, name in enumerate(classes)
        for file in sorted((folder / name).glob("*"))
        if file.suffix.lower() in IMAGE_SUFFIXES
    ]


def _read_files(
    folder: Path, files: Sequence[tuple[Path, int]], mode: str
) -> tuple[np.ndarray, np.ndarray]:
    examples = ((str(file), _read_image(file, mode), label) for file, label in files)
    return _stack(f"folder:{folder}", len(files), examples)


def _is_grey(file: Path) -> bool:
    with _opened(file) as image:
        return image.mode in GREY_MODES


def _read_image(file: Path, mode: str) -> np.ndarray:
    with _opened(file) as image:
        return np.asarray(image.convert(mode))


@contextmanager
def _opened(file: Path) -> Iterator[Any]:
    from PIL import Image

    try:
        with Image.open(file) as image:
            if image.mode not in GREY_MODES + COLOUR_MODES:
                raise ValueError(f"mode {image.mode}; need 8 bits a channel")
            yield image
    except (OSError, ValueError) as error:
        raise ValueError(f"{file}: not a readable image: {error}") from error


def _arrays(
    train: tuple[np.ndarray, np.ndarray], test: tuple[np.ndarray, np.ndarray]
) -> Mapping[str, np.ndarray]:
    return dict(zip(ARRAYS, (*train, *test), strict=True))


def _stack(where: str, total: int, examples: Iterable[Example]) -> tuple[np.ndarray, np.ndarray]:
    """Stacks `total` examples into one array as they come, so that no second copy is ever held."""
    images, labels = np.empty((0, 0, 0, 1), np.uint8), np.empty(total, np.int64)
    for row, (what, image, label) in enumerate(examples):
        if row == 0:
            images = np.empty((total, *image.shape), image.dtype)
        if image.shape != images.shape[1:]:
            raise ValueError(
                f"{where}: {what} has shape {image.shape}, the ones before {images.shape[1:]}; "
                "need images of one size and one number of channels: resize them beforehand and "
                "give the arrays as npz:/path/file.npz."
            )
        images[row], labels[row] = image, label
    return images, labels


def _require_arrays(where: str, keys: Iterable[str]) -> None:
    found = set(keys)
    missing = [key for key in ARRAYS if key not in found]
    if missing:
        raise ValueError(f"{where}: the arrays {missing} are missing; it has {sorted(found)}.")


def _checked(where: str, arrays: Mapping[str, np.ndarray]) -> RawData:
    _require_arrays(where, arrays)
    x_train, x_test = (_checked_images(where, key, arrays[key]) for key in ("x_train", "x_test"))
    y_train = _checked_labels(where, "y_train", arrays["y_train"], len(x_train))
    y_test = _checked_labels(where, "y_test", arrays["y_test"], len(x_test))
    if x_train.shape[1:] != x_test.shape[1:]:
        raise ValueError(
            f"{where}: images of x_train have shape {x_train.shape[1:]}, of x_test "
            f"{x_test.shape[1:]}; need one shape."
        )
    num_classes = _count_classes(where, y_train)
    if y_test.min() < 0 or y_test.max() >= num_classes:
        bad = y_test[(y_test < 0) | (y_test >= num_classes)][0]
        raise ValueError(f"{where}: y_test has label {bad}; y_train has 0..{num_classes - 1}.")
    return RawData(x_train, y_train, x_test, y_test, num_classes)


def _checked_images(where: str, key: str, images: np.ndarray) -> np.ndarray:
    images = np.asarray(images)
    if images.dtype != np.uint8:
        raise ValueError(f"{where}: {key} has dtype {images.dtype}; need uint8, values 0..255.")
    if images.ndim == 3:
        images = images[..., None]
    if images.ndim != 4 or images.shape[-1] not in (1, 3):
        raise ValueError(
            f"{where}: {key} has shape {images.shape}; need [N, H, W] or [N, H, W, C], C 1 or 3."
        )
    if images.size == 0:
        raise ValueError(f"{where}: {key} is empty, shape {images.shape}; need at least one image.")
    return images


def _checked_labels(where: str, key: str, labels: np.ndarray, num_images: int) -> np.ndarray:
    labels = np.asarray(labels)
    if not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(f"{where}: {key} has dtype {labels.dtype}; need integers.")
    if labels.shape != (num_images,):
        raise ValueError(
            f"{where}: {key} has shape {labels.shape}; need ({num_images},), one label an image."
        )
    return labels.astype(np.int64, copy=False)


def _count_classes(where: str, labels: np.ndarray) -> int:
    present = np.unique(labels)
    num_classes = int(present[-1]) + 1
    if present[0] < 0:
        raise ValueError(f"{where}: y_train has label {present[0]}; need 0..K-1.")
    if len(present) < num_classes:
        # Ten at most: one stray label of a billion must not list a billion.
        known = set(present.tolist())
        missing = list(islice((c for c in range(num_classes) if c not in known), 10))
        raise ValueError(
            f"{where}: y_train has {len(present)} classes with labels up to {num_classes - 1}; "
            f"need every one of 0..{num_classes - 1}, missing are {missing}"
            f"{' and more' if len(present) + len(missing) < num_classes else ''}."
        )
    return num_classes
