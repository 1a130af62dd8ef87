"""The one shape of all images of a source, from their headers: read when it is asked for, and said to be."""

import functools
from collections.abc import Sequence

from tqdm import tqdm

from braincl_jax.data.images import Encoded
from braincl_jax.data.sources.decoding import in_threads, require_shape
from braincl_jax.data.sources.pictures import Header, header

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
        grey, total = True, sum(map(len, self._parts))
        with tqdm(
            desc=f"{self._where} headers", total=total, unit="image", delay=PATIENCE, leave=False
        ) as bar:
            for images in self._parts:
                for start in range(0, len(images), CHUNK):
                    rows = range(start, min(start + CHUNK, len(images)))
                    found = in_threads(functools.partial(header, images), rows)
                    first = first or found[0]
                    for row, one in zip(rows, found, strict=True):
                        require_shape(images.name(row), one.size, first.size)
                    grey = grey and all(one.grey for one in found)
                    bar.update(len(rows))
        height, width = first.size if first else (0, 0)
        return height, width, 1 if grey else 3
