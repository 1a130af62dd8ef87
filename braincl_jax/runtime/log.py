"""Writing results: whole files or nothing, and one JSON object a line."""

import json
import os
from pathlib import Path
from typing import Any


def write_json(path: Path, content: Any) -> None:
    """Writes `content` as JSON; an interrupted write leaves the old file."""
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(content, indent=2) + "\n")
    os.replace(temporary, path)


class MetricsLog:
    """`metrics.jsonl` as a context manager: one object a line, each line written at once."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> "MetricsLog":
        self._file = self._path.open("w", buffering=1)
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()

    def write(self, **record: Any) -> None:
        """Writes one line; NaN and infinity, which JSON does not know, are a ValueError."""
        self._file.write(json.dumps(record, allow_nan=False) + "\n")
