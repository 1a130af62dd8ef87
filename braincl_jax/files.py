"""Files that are there whole or not at all."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any


@contextlib.contextmanager
def written_whole(path: Path, mode: str = "wb", **options: Any) -> Iterator[IO[Any]]:
    """A file to write; it takes the place of `path` once all of it is on disk, and leaves nothing if that fails.

    Args:
        path: of the file; its folder is there.
        mode: "wb" or "w".
        options: of `Path.open`, such as `encoding`.

    Raises:
        OSError: there is no room, or the like; what was at `path` is there still.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open(mode, **options) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
