"""Checkpoints: written whole or not at all, and believed only if every byte is what it was.

checkpoints/00001234/   after 1234 steps
    state/              the arrays of one device's state by their paths, by Orbax; of one whose elements are all
                        the same, such as those of an empty working memory, a single element
    cursor.json         where the run is, see `cursor.Cursor`
    config.json         its settings
    manifest.json       size and SHA-256 of each file above, written last
"""

import dataclasses
import hashlib
import json
import logging
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp

from braincl_jax.types import PyTree

FORMAT = 3
STATE, CURSOR, CONFIG, MANIFEST = "state", "cursor.json", "config.json", "manifest.json"

# Elements that are compared together: most arrays differ among their first.
PIECE = 1 << 20

_LOG = logging.getLogger(__name__)


class DamagedError(Exception):
    """A directory is no intact checkpoint; the message says why."""


@dataclasses.dataclass(frozen=True)
class Checkpointing:
    """How often a run is saved, beside ends of phases; it cannot change what the run learns.

    Attributes:
        every_steps: steps from one checkpoint to the next, 0 for no such rule.
        every_minutes: minutes from one to the next, 0 for no such rule.
        keep: checkpoints that stay, the newest.

    Raises:
        ValueError: an impossible value.
    """

    every_steps: int = 0
    every_minutes: float = 10.0
    keep: int = 2

    def __post_init__(self) -> None:
        """Raises ValueError for an impossible value."""
        if self.every_steps < 0 or not self.every_minutes >= 0 or self.keep < 1:
            raise ValueError(f"{self}: need 0 or more steps and minutes, and 1 or more to keep")


DEFAULT = Checkpointing()


class Checkpoint(NamedTuple):
    """What a checkpoint holds.

    Attributes:
        path: its directory.
        state: one device's state, NumPy arrays and typed keys.
        cursor: the content of `cursor.json`.
        config: the content of `config.json`.
    """

    path: Path
    state: PyTree
    cursor: dict[str, Any]
    config: dict[str, Any]


def path_of(directory: Path, steps: int) -> Path:
    """Where the checkpoint after `steps` steps is."""
    return directory / f"{steps:08}"


def numbered(directory: Path) -> list[Path]:
    """Everything in `directory` that is named as a checkpoint, oldest first; intact or not."""
    if not directory.is_dir():
        return []
    return sorted(
        (path for path in directory.iterdir() if _is_named_as_one(path.name)), key=steps_of
    )


def steps_of(path: Path) -> int:
    """Steps done since the beginning of the run, which are a checkpoint's name."""
    return int(path.name)


def unfinished(directory: Path) -> list[Path]:
    """What is left of checkpoints whose writing was cut short."""
    return [path for path in directory.glob("*.tmp") if _is_named_as_one(path.stem)]


def sync(path: Path) -> None:
    """Waits until a file or a directory is on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_checkpoint(
    directory: Path, steps: int, state: PyTree, cursor: Mapping[str, Any], config: Mapping[str, Any]
) -> Path:
    """Writes a checkpoint beside others, and returns its path once it is on disk and verified.

    It is built under another name and renamed when complete; what bore its name before is
    replaced.

    Args:
        directory: `checkpoints` of a work directory; created if need be.
        steps: since the beginning of the run, its name.
        state: one device's state; its arrays must not change meanwhile.
        cursor: JSON.
        config: JSON.

    Raises:
        OSError, ValueError: the disk is full, or the like. Other checkpoints are as they were.
        DamagedError: what was written does not read back.
    """
    path = path_of(directory, steps)
    building = path.with_suffix(".tmp")
    shutil.rmtree(building, ignore_errors=True)
    try:
        building.mkdir(parents=True)
        arrays = _to_arrays(state)
        _write_arrays(building / STATE, arrays)
        (building / CURSOR).write_text(json.dumps(cursor))
        (building / CONFIG).write_text(json.dumps(config))
        _seal(building, arrays)
        shutil.rmtree(path, ignore_errors=True)
        os.replace(building, path)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    sync(directory)
    verify(path)
    return path


def verify(path: Path) -> dict[str, Any]:
    """Reads every byte of a checkpoint and returns its manifest.

    Raises:
        DamagedError: it is not what was written; the message names the file and what is wrong.
    """
    try:
        sealed = json.loads((path / MANIFEST).read_bytes())
        manifest = sealed["manifest"]
        told = sealed["sha256"]
    except FileNotFoundError:
        raise DamagedError(f"{MANIFEST} is missing, so it was not written to its end") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedError(f"{MANIFEST} cannot be read: {error}") from None
    if told != _manifest_digest(manifest):
        raise DamagedError(f"{MANIFEST} is not what was written")
    if manifest["format"] != FORMAT:
        raise DamagedError(f"it has format {manifest['format']}; this version reads {FORMAT}")
    for name, (size, digest) in manifest["files"].items():
        file = path / name
        try:
            found = file.stat().st_size
            if found != size:
                raise DamagedError(f"{name} has {found} bytes, not {size}")
            if _digest(file) != digest:
                raise DamagedError(f"{name} is not what was written (SHA-256)")
        except OSError as error:
            raise DamagedError(f"{name} cannot be read: {error.strerror}") from None
    return manifest


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a checkpoint by their paths in the state; keys are their numbers.

    Raises:
        DamagedError: it is not intact.
    """
    described = verify(path)["arrays"]
    stored = _read_stored(
        path / STATE, [name for name, (_, shape) in described.items() if 0 not in shape]
    )
    return {
        name: _whole(stored.get(name, np.zeros(1, jnp.dtype(dtype))), shape)
        for name, (dtype, shape) in described.items()
    }


def load_newest(directory: Path, abstract: PyTree) -> Checkpoint | None:
    """The newest intact checkpoint of `directory`; each one that is skipped is named in the log.

    Args:
        directory: `checkpoints` of a work directory.
        abstract: shapes and dtypes of one device's state, from `jax.eval_shape`.

    Returns:
        None if there are no checkpoints at all.

    Raises:
        DamagedError: there are some, but none is intact.
        ValueError: its arrays are not those of `abstract`; all differences are named.
    """
    found = numbered(directory)
    for path in reversed(found):
        try:
            arrays = read_arrays(path)
        except DamagedError as damage:
            _LOG.warning("skipped checkpoint %s: %s", path, damage)
            continue
        return Checkpoint(
            path=path,
            state=_from_arrays(path, arrays, abstract),
            cursor=json.loads((path / CURSOR).read_text()),
            config=json.loads((path / CONFIG).read_text()),
        )
    if found:
        raise DamagedError(
            f"none of the {len(found)} checkpoints in {directory} is intact, so the run cannot go "
            "on; nothing was changed. --restart deletes them and starts anew"
        )
    return None


def _is_named_as_one(name: str) -> bool:
    return name.isdecimal() and path_of(Path(), int(name)).name == name


def _is_key(leaf: Any) -> bool:
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _by_path(tree: PyTree) -> dict[str, Any]:
    """The leaves of a tree by their paths, such as `encoder/params/head/kernel`."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {jax.tree_util.keystr(path, simple=True, separator="/"): leaf for path, leaf in leaves}


def _to_arrays(state: PyTree) -> dict[str, np.ndarray]:
    """Leaves by path; keys become their numbers."""
    return {
        name: np.asarray(jax.random.key_data(leaf) if _is_key(leaf) else leaf)
        for name, leaf in _by_path(state).items()
    }


def _from_arrays(path: Path, arrays: Mapping[str, np.ndarray], abstract: PyTree) -> PyTree:
    """The state of the structure of `abstract`; its arrays must be exactly those stored."""
    leaves = _by_path(abstract)
    there = {name: _description(array) for name, array in arrays.items()}
    here = {
        name: _description(jax.eval_shape(jax.random.key_data, leaf) if _is_key(leaf) else leaf)
        for name, leaf in leaves.items()
    }
    different = [
        f"  {name}: {there.get(name, 'absent')} there, {here.get(name, 'absent')} here"
        for name in sorted(here.keys() | there.keys())
        if here.get(name) != there.get(name)
    ]
    if different:
        raise ValueError(
            f"{path} holds another state than these settings make:\n" + "\n".join(different)
        )
    values = [
        jax.random.wrap_key_data(jnp.asarray(arrays[name])) if _is_key(leaf) else arrays[name]
        for name, leaf in leaves.items()
    ]
    return jax.tree.unflatten(jax.tree.structure(abstract), values)


def _whole(stored: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """An array of that shape from all of its elements, or from the one that they are all like."""
    return stored if stored.shape == tuple(shape) else np.broadcast_to(stored, shape).copy()


def _is_constant(array: np.ndarray) -> bool:
    """Whether all elements of an array of several are the same, bit for bit."""
    if array.size < 2:
        return False
    octets = np.ascontiguousarray(array).reshape(-1).view(np.uint8).reshape(array.size, -1)
    pieces = (octets[start : start + PIECE] for start in range(0, len(octets), PIECE))
    return all((piece == octets[0]).all() for piece in pieces)


def _description(array: Any) -> str:
    return f"{array.dtype}{list(array.shape)}"


def _orbax() -> ocp.Checkpointer:
    """Orbax for this process alone: it would otherwise wait for the others, which neither save nor load with it."""
    own = jax.process_index()
    alone = ocp.options.MultiprocessingOptions(
        primary_host=own, active_processes={own}, barrier_sync_key_prefix=f"process{own}"
    )
    handler = ocp.PyTreeCheckpointHandler(multiprocessing_options=alone)
    return ocp.Checkpointer(handler, multiprocessing_options=alone)


def _write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    # Their shapes are in the manifest. Orbax refuses arrays without elements.
    stored = {
        name: array.reshape(-1)[:1].copy() if _is_constant(array) else array
        for name, array in arrays.items()
        if array.size
    }
    with _orbax() as orbax:
        orbax.save(path.absolute(), args=ocp.args.PyTreeSave(stored))


def _read_stored(path: Path, names: list[str]) -> dict[str, np.ndarray]:
    to_numpy = {name: ocp.RestoreArgs(restore_type=np.ndarray) for name in names}
    with _orbax() as orbax:
        return orbax.restore(
            path.absolute(), args=ocp.args.PyTreeRestore(to_numpy, restore_args=to_numpy)
        )


def _seal(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Brings all files to disk and writes the manifest after them."""
    inside = sorted(path.rglob("*"))
    files = [file for file in inside if file.is_file()]
    manifest = {
        "format": FORMAT,
        "arrays": {name: [str(array.dtype), array.shape] for name, array in arrays.items()},
        "files": {
            file.relative_to(path).as_posix(): [file.stat().st_size, _digest(file)]
            for file in files
        },
    }
    for one in inside:
        sync(one)
    sealed = {"sha256": _manifest_digest(manifest), "manifest": manifest}
    (path / MANIFEST).write_text(json.dumps(sealed))
    sync(path / MANIFEST)
    sync(path)


def _manifest_digest(manifest: Any) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
