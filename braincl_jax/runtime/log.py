"""Results as files: written whole or not at all, read whole or refused; and one JSON object a line."""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from braincl_jax.files import written_whole

SEAL = "sha256"


def write_json(path: Path, content: Any) -> None:
    """Writes `content` as JSON, in a folder that is made if need be; an interrupted write leaves the old file.

    A list of numbers stands on one line.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path, "w", encoding="utf-8") as file:
        file.write(_numbers_in_a_line(json.dumps(content, indent=2)) + "\n")


def _numbers_in_a_line(text: str) -> str:
    """Indented JSON with lists of numbers on one line each, so that a matrix is read as one and takes a third of it.

    No string is touched: a line ends inside a list, never inside a string.
    """
    return re.sub(r'\[\n([^"\[\]{}]+)\n *\]', lambda found: f"[{' '.join(found[1].split())}]", text)


def read_json(path: Path) -> Any:
    """What a JSON file says.

    Raises:
        ValueError: it is not there, cannot be read, or is not JSON; the message names it.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"{path} is missing") from None
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(
            f"{path} cannot be read as JSON ({error}): was it edited or cut off? Restore it, or run again elsewhere"
        ) from error


def write_sealed(path: Path, content: Mapping[str, Any]) -> None:
    """Like `write_json`, with a SHA-256 of what is said, so that `read_sealed` can tell whether it is said still."""
    content = {name: value for name, value in content.items() if name != SEAL}
    write_json(path, content | {SEAL: _digest(content)})


def read_sealed(path: Path) -> dict[str, Any]:
    """What `write_sealed` was given, after a journey through JSON.

    Raises:
        ValueError: as `read_json`, or it is not what was written.
    """
    content = read_json(path)
    told = content.pop(SEAL, None) if isinstance(content, dict) else None
    if told is None or told != _digest(content):
        raise ValueError(
            f"{path} is not what a run wrote there (SHA-256): was it edited, or is it of another program or version? "
            "Restore it, or run again elsewhere"
        )
    return content


def _digest(content: Any) -> str:
    text = json.dumps(json.loads(json.dumps(content)), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


class MetricsLog:
    """`metrics.jsonl` as a context manager: one object a line, each line written at once."""

    def __init__(self, path: Path, keep: int = 0) -> None:
        """Opens the file on entry.

        Args:
            path: the file.
            keep: bytes of it that stay, those that a run wrote before it was interrupted.
        """
        self._path, self._keep = path, keep

    def __enter__(self) -> "MetricsLog":
        """Raises ValueError if there are fewer bytes than those to keep."""
        self._file = self._path.open("a", buffering=1)
        if self.size < self._keep:
            self._file.close()
            raise ValueError(
                f"{self._path} has lost lines: {self._keep} bytes are known, {self.size} are left"
            )
        if self.size > self._keep:
            self._file.truncate(self._keep)
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._path.stat().st_size

    def write(self, **record: Any) -> None:
        """Writes one line; NaN and infinity, which JSON does not know, are a ValueError."""
        self._file.write(json.dumps(record, allow_nan=False) + "\n")
