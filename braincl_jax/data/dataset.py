"""A labelled data set, and what is refused of one at the door: labels and shapes, for no pixel is read there."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from braincl_jax.data.images import Encoded, Images, InMemory, checked_dims

ARRAYS = ("x_train", "y_train", "x_test", "y_test")
NAMES = "class_names"


class LeftOut(NamedTuple):
    """Images of a source that cannot be read and are not there.

    Attributes:
        train: their rows among those to train on, ascending.
        test: their rows among those to test on, ascending.
    """

    train: tuple[int, ...] = ()
    test: tuple[int, ...] = ()


class Dataset(NamedTuple):
    """N labelled images to train on and M to test on.

    Attributes:
        train: N images; if they are `Encoded`, they may be of any sizes until `data.prepare` has made one of them.
        train_labels: int64 [N], every class 0..num_classes-1 at least once.
        test: M images of the same shape.
        test_labels: int64 [M], classes among those of `train_labels`.
        class_names: a name for each class; the class's number where the source has none.
        train_domains: int64 [N], 0..D-1, the domain of each training image, in the order in which domains arrive; None
            where the source has none.
        left_out: images of the source that are not among these, see `data.readable`.
    """

    train: Images
    train_labels: np.ndarray
    test: Images
    test_labels: np.ndarray
    class_names: tuple[str, ...] = ()
    train_domains: np.ndarray | None = None
    left_out: LeftOut = LeftOut()

    @property
    def num_classes(self) -> int:
        return len(self.class_names)

    @classmethod
    def of_arrays(
        cls,
        x_train: ArrayLike,
        y_train: ArrayLike,
        x_test: ArrayLike,
        y_test: ArrayLike,
        class_names: Sequence[str] = (),
    ) -> "Dataset":
        """A checked data set of arrays, which are shared and not copied.

        Args:
            x_train: uint8 [N, H, W, C] or, if greyscale, [N, H, W].
            y_train: integers [N].
            x_test: uint8 [M, H, W, C] or [M, H, W].
            y_test: integers [M].
            class_names: a name for each class, or none at all.

        Raises:
            ValueError: the arrays are not what `Dataset` says.
        """
        arrays: dict[str, np.ndarray] = dict(
            zip(ARRAYS, map(np.asarray, (x_train, y_train, x_test, y_test)), strict=True)
        )
        dataset = of_mapping("arrays", arrays)._replace(class_names=tuple(class_names))
        return checked("arrays", dataset)


def of_mapping(where: str, arrays: Mapping[str, np.ndarray]) -> Dataset:
    """The data set of the arrays `ARRAYS` and, if it is there, `class_names`; only its images are checked yet.

    Raises:
        ValueError: an array is missing, or is no array of images.
    """
    require_arrays(where, arrays)
    train, test = (_in_memory(where, key, arrays[key]) for key in ("x_train", "x_test"))
    names = names_of(where, arrays[NAMES]) if NAMES in arrays else ()
    return Dataset(train, arrays["y_train"], test, arrays["y_test"], names)


def names_of(where: str, array: np.ndarray) -> tuple[str, ...]:
    """Class names of an array of them; raises ValueError for one that is no list of texts."""
    if array.ndim != 1 or array.dtype.kind not in "US":
        raise ValueError(
            f"{where}: {NAMES} is {array.dtype}{list(array.shape)}; need one text for each class, or none at all."
        )
    return tuple(map(str, array))


def require_arrays(where: str, keys: Iterable[str]) -> None:
    """Raises ValueError with the arrays that are missing among `keys`."""
    found = set(keys)
    missing = [key for key in ARRAYS if key not in found]
    if missing:
        raise ValueError(f"{where}: the arrays {missing} are missing; it has {sorted(found)}.")


def checked(where: str, dataset: Dataset) -> Dataset:
    """The data set with int64 labels and a name for each class.

    Args:
        where: its name, for errors.
        dataset: as a source gives it: labels of any integers, no class names if it has none.

    Raises:
        ValueError: it is not what `Dataset` says.
    """
    train, test = dataset.train, dataset.test
    for key, images in (("x_train", train), ("x_test", test)):
        _check_images(where, key, images)
    train_labels = _checked_labels(where, "y_train", dataset.train_labels, len(train))
    test_labels = _checked_labels(where, "y_test", dataset.test_labels, len(test))
    encoded = isinstance(train, Encoded) or isinstance(test, Encoded)
    if not encoded and train.shape != test.shape:
        raise ValueError(
            f"{where}: images of x_train have shape {train.shape}, of x_test {test.shape}; need one shape."
        )
    num_classes = _count_classes(where, train_labels)
    if test_labels.min() < 0 or test_labels.max() >= num_classes:
        bad = test_labels[(test_labels < 0) | (test_labels >= num_classes)][0]
        raise ValueError(f"{where}: y_test has label {bad}; y_train has 0..{num_classes - 1}.")
    names = dataset.class_names or tuple(map(str, range(num_classes)))
    if len(names) != num_classes:
        raise ValueError(f"{where}: {len(names)} class names for {num_classes} classes.")
    domains = _checked_domains(where, dataset.train_domains, len(train))
    return Dataset(train, train_labels, test, test_labels, names, domains, dataset.left_out)


def _in_memory(where: str, key: str, array: np.ndarray) -> InMemory:
    array = np.asarray(array)
    return InMemory(array.reshape(checked_dims(where, key, array.dtype, array.shape)))


def _checked_domains(where: str, domains: np.ndarray | None, num_images: int) -> np.ndarray | None:
    if domains is None:
        return None
    domains = _checked_labels(where, "train_domains", domains, num_images)
    present = np.unique(domains)
    if not np.array_equal(present, np.arange(len(present))):
        raise ValueError(
            f"{where}: train_domains are {present[:10].tolist()}{' and more' if len(present) > 10 else ''}; need every "
            "one of 0..D-1."
        )
    return domains


def _check_images(where: str, key: str, images: Images) -> None:
    # To ask encoded images for their size may take minutes, and there may be none.
    shape = (1, 1, images.channels) if isinstance(images, Encoded) else images.shape
    checked_dims(where, key, np.dtype(np.uint8), (len(images), *shape))


def _checked_labels(where: str, key: str, labels: np.ndarray, num_images: int) -> np.ndarray:
    labels = np.asarray(labels)
    if not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(f"{where}: {key} has dtype {labels.dtype}; need integers.")
    if labels.shape != (num_images,):
        raise ValueError(
            f"{where}: {key} has shape {labels.shape}; need ({num_images},), one for each image."
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
