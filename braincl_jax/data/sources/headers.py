"""Headers of all images of a source, and the one shape that they tell: read when it is asked for, and said to be."""

import functools
from collections.abc import Iterator, Sequence

from tqdm import tqdm

from braincl_jax.data.images import Encoded
from braincl_jax.data.sources.decoding import in_threads, require_shape
from braincl_jax.data.sources.pictures import Header, header
from braincl_jax.data.stamps import ChangedError

# Headers that are read together, and seconds after which a bar shows how many are to go.
CHUNK, PATIENCE = 1024, 2


class Headers:
    """The headers of images that are to have one size."""

    def __init__(self, where: str, parts: Sequence[Encoded]) -> None:
        """Reads nothing yet.

        Args:
            where: the data set, for the progress bar.
            parts: all images of it, of all splits.
        """
        self._where, self._parts = where, parts

    @functools.cached_property
    def shape(self) -> tuple[int, int, int]:
        """(H, W, C) of all images, C 1 only if all of them are greyscale.

        Raises:
            ValueError: an image is not readable, or has another size than the one before it.
        """
        first: Header | None = None
        grey = True
        for images, row, one in headers_of(self._where, self._parts):
            if isinstance(one, ValueError):
                raise one
            first = first or one
            require_shape(images.name(row), one.size, first.size)
            grey = grey and one.grey
        height, width = first.size if first else (0, 0)
        return height, width, 1 if grey else 3


def headers_of(
    where: str, parts: Sequence[Encoded]
) -> Iterator[tuple[Encoded, int, Header | ValueError]]:
    """Of each image the part, its row and its header, or the error that names it; a bar says how many are to go.

    Raises:
        ChangedError: a file was changed since it was found.
    """
    total = sum(map(len, parts))
    with tqdm(
        desc=f"{where} headers", total=total, unit="image", delay=PATIENCE, leave=False
    ) as bar:
        for images in parts:
            for start in range(0, len(images), CHUNK):
                rows = range(start, min(start + CHUNK, len(images)))
                found = in_threads(functools.partial(_header_or_error, images), rows)
                yield from ((images, row, one) for row, one in zip(rows, found, strict=True))
                bar.update(len(rows))


def _header_or_error(images: Encoded, row: int) -> Header | ValueError:
    try:
        return header(images, row)
    except ChangedError:
        raise
    except ValueError as error:
        return error
