"""Arrays and a header in one `.npz` file that is believed only as far as its hashes and sizes go.

Nothing is unpacked: members are stored as they are, so that no array is larger than the file it comes from.
"""

import hashlib
import io
import json
import struct
import tokenize
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from braincl_jax.files import written_whole

HEADER, HEADER_HASH = "header", "header_sha256"
# In the header: the hash of each array beside it.
HASHES = "sha256"
# JSON takes some thirty times its bytes when it is read.
MOST_HEADER_BYTES = 1 << 22
# Whatever zipfile and NumPy make of bytes that are no archive or no array; nothing else may happen on the way.
UNREADABLE = (
    *(OSError, EOFError, ValueError, RuntimeError, MemoryError, OverflowError),
    *(KeyError, IndexError, struct.error, tokenize.TokenError, zipfile.BadZipFile),
)


class Archive(NamedTuple):
    """What a file says.

    Attributes:
        header: as it was given to `write_archive`.
        arrays: by name, read-only.
        changed: names of those that are not as they were written.
    """

    header: dict[str, Any]
    arrays: dict[str, np.ndarray]
    changed: tuple[str, ...]


def write_archive(path: Path, header: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Writes `path`, whole or not at all; its folder is there."""
    hashes = {name: _hash(array) for name, array in arrays.items()}
    text = json.dumps({**header, HASHES: hashes}).encode()
    members = {
        HEADER: np.frombuffer(text, np.uint8),
        HEADER_HASH: np.frombuffer(hashlib.sha256(text).digest(), np.uint8),
        **arrays,
    }
    with written_whole(path) as file:
        np.savez(file, **members)


def read_archive(path: Path, *, name: str, version: int, kinds: Mapping[str, np.dtype]) -> Archive:
    """Reads a file of `write_archive`; nothing is allocated but what the file's own bytes fill.

    Args:
        path: the file.
        name: what the header must have as its `name`.
        version: and as its `version`.
        kinds: the dtype of each array that there must be.

    Raises:
        ValueError: it is no such file, of another version, or its header is not as it was written.
    """
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            names = _names(archive, path.stat().st_size)
            text = _member(archive, HEADER, np.dtype(np.uint8)).tobytes()
            header = _header(text, name, version)
            expected = {HEADER, HEADER_HASH, *kinds}
            if names != expected:
                raise ValueError(f"it holds {sorted(names)} in place of {sorted(expected)}")
            digest = _member(archive, HEADER_HASH, np.dtype(np.uint8)).tobytes()
            if digest != hashlib.sha256(text).digest():
                raise ValueError("its header is not as it was written: the SHA-256 is another one")
            arrays = {key: _member(archive, key, kind) for key, kind in kinds.items()}
    except FileNotFoundError:
        raise ValueError(f"there is no memory at {path}") from None
    except UNREADABLE as error:
        raise ValueError(
            f"{path} is no memory file that this program can read: {error or type(error).__name__}"
        ) from None
    hashes = header.pop(HASHES, None)
    if not isinstance(hashes, dict) or hashes.keys() != kinds.keys():
        raise ValueError(f"the header of {path} has no {HASHES} of {', '.join(kinds)}")
    changed = [key for key, array in arrays.items() if hashes[key] != _hash(array)]
    return Archive(header, arrays, tuple(changed))


def _hash(array: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()


def _names(archive: zipfile.ZipFile, file_size: int) -> set[str]:
    """The arrays; raises ValueError for members that are packed, larger than the file, or there twice."""
    names: set[str] = set()
    for member in archive.infolist():
        name = member.filename.removesuffix(".npy")
        stored = member.compress_type == zipfile.ZIP_STORED
        if not stored or not member.file_size == member.compress_size <= file_size:
            raise ValueError(f"{name} is packed or larger than the file; need members as they are")
        if name in names or not member.filename.endswith(".npy"):
            raise ValueError(f"{member.filename} is there twice, or no .npy array")
        names.add(name)
    return names


def _member(archive: zipfile.ZipFile, name: str, kind: np.dtype) -> np.ndarray:
    """An array of which dtype and shape are what its bytes fill."""
    content = archive.read(f"{name}.npy")
    file = io.BytesIO(content)
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError(f"{name} is of another version of .npy than 1.0")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
    if dtype != kind or len(shape) > 1 or fortran:
        raise ValueError(f"{name} is {dtype} {list(shape)}; need {kind} in one dimension at most")
    number = shape[0] if shape else 1
    if len(content) - file.tell() != number * kind.itemsize:
        raise ValueError(f"{name} has {len(content)} bytes, which do not fill {kind} {list(shape)}")
    return np.frombuffer(content, kind, number, file.tell()).reshape(shape)


def _header(text: bytes, name: str, version: int) -> dict[str, Any]:
    if len(text) > MOST_HEADER_BYTES:
        raise ValueError(f"its header has {len(text)} bytes; need at most {MOST_HEADER_BYTES}")
    header = json.loads(text)
    if not isinstance(header, dict):
        raise ValueError("its header is no JSON object")
    if header.get("name") != name or header.get("version") != version:
        raise ValueError(
            f"it is of format {header.get('name')!r}, version {header.get('version')!r}; this program reads "
            f"{name!r}, version {version}"
        )
    return header
