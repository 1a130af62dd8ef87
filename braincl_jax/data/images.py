"""Images by random access: all that anybody may ask of the pixels of a data set."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol, runtime_checkable

import numpy as np

from braincl_jax.data.stamps import ChangedError, require_unchanged, stamp_of

COLOURS = (1, 3)


class Images(Protocol):
    """A number of images of one size, read when they are asked for and not before.

    `take` may be called by several threads at once.
    """

    @property
    def shape(self) -> tuple[int, int, int]:
        """(H, W, C) of each image, C 1 or 3."""
        ...

    def __len__(self) -> int: ...

    def take(self, rows: np.ndarray) -> np.ndarray:
        """Copies of some images.

        Args:
            rows: int64 [n], each 0 .. len - 1, in any order, also repeated.

        Returns:
            uint8 [n, H, W, C].

        Raises:
            ValueError: an image cannot be read.
        """
        ...


@runtime_checkable
class Encoded(Protocol):
    """What images have besides if each lies encoded for itself, as in a file, and their sizes may vary.

    That is how a source says so: its images are `Images` and `Encoded`. It resizes nothing itself; `data.prepare` does,
    by the settings, and asks `Images.shape` only where the images are to be shown as they are. So `shape` may read the
    headers of all files, and raises a ValueError that names the first one of another size than those before it.

    All methods may be called by several threads at once.
    """

    @property
    def channels(self) -> int:
        """Of each image once it is resized, 1 or 3; nothing is read for the answer."""
        ...

    def __len__(self) -> int: ...

    def open(self, row: int) -> BinaryIO:
        """The bytes of an image, from the first one on; may be sought in, and is closed by who asked.

        Raises:
            OSError: it is not there.
        """
        ...

    def name(self, row: int) -> str:
        """What errors call an image, such as the path of its file."""
        ...


@dataclass(frozen=True, eq=False)
class InMemory:
    """Images of an array, which is shared and not copied.

    Attributes:
        array: uint8 [N, H, W, C].
    """

    array: np.ndarray = field(repr=False)

    @property
    def shape(self) -> tuple[int, int, int]:
        return image_shape(self.array.shape)

    def __len__(self) -> int:
        return len(self.array)

    def take(self, rows: np.ndarray) -> np.ndarray:
        return self.array[rows]


@dataclass(frozen=True)
class Mapped:
    """Images of a file that holds them as they are, uint8 one after another.

    The file is mapped anew by each `take`: the pages that it read stay in the system's cache, but do not go on
    counting as memory of this process. A file that was changed since is an error.

    Attributes:
        file: the file.
        offset: bytes before the first pixel.
        dims: (N, H, W, C).
        stamp: what `stamp_of` says of the file.
    """

    file: Path
    offset: int
    dims: tuple[int, int, int, int]
    stamp: tuple[int, int]

    @classmethod
    def of(cls, file: Path, offset: int, dims: tuple[int, int, int, int]) -> "Mapped":
        """The images of a file as it is now."""
        return cls(file, offset, dims, stamp_of(file))

    @property
    def shape(self) -> tuple[int, int, int]:
        return image_shape(self.dims)

    def __len__(self) -> int:
        return self.dims[0]

    def take(self, rows: np.ndarray) -> np.ndarray:
        try:
            with self.file.open("rb") as opened:
                require_unchanged(self.file, opened.fileno(), self.stamp)
                pixels = np.memmap(opened, np.uint8, "r", self.offset, self.dims)
        except ChangedError:
            raise
        except (OSError, ValueError) as error:
            raise ValueError(f"{self.file}: cannot be mapped: {error}") from error
        return np.asarray(pixels[rows])


def image_shape(dims: Sequence[int]) -> tuple[int, int, int]:
    """(N, H, W, C) -> (H, W, C)."""
    _, height, width, channels = dims
    return height, width, channels


def checked_dims(
    where: str, key: str, dtype: np.dtype, shape: Sequence[int]
) -> tuple[int, int, int, int]:
    """(N, H, W, C) of an array of images.

    Args:
        where: the data set, for errors.
        key: the array, for errors.
        dtype: of the array.
        shape: of the array, [N, H, W] or [N, H, W, C].

    Raises:
        ValueError: this is no array of images.
    """
    if dtype != np.uint8:
        raise ValueError(f"{where}: {key} has dtype {dtype}; need uint8, values 0..255.")
    dims = (*shape, 1) if len(shape) == 3 else tuple(shape)
    if len(dims) != 4 or dims[-1] not in COLOURS:
        raise ValueError(
            f"{where}: {key} has shape {dims}; need [N, H, W] or [N, H, W, C], C 1 or 3."
        )
    if 0 in dims:
        raise ValueError(f"{where}: {key} is empty, shape {dims}; need at least one image.")
    number, height, width, channels = dims
    return number, height, width, channels
