"""A memory as one file that any program can read; the format is described in docs/memory_format.md."""

import dataclasses
import json
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from braincl_jax.config import CodecConfig
from braincl_jax.memory.block import store
from braincl_jax.memory.block.integrity import require_undamaged
from braincl_jax.memory.codec.transforms import Codec, build_codec
from braincl_jax.memory.coder.tables import PRECISION
from braincl_jax.memory.cue_layout import CueLayout, record_shapes
from braincl_jax.memory.inspection import find_damages
from braincl_jax.types import PyTree

NAME, VERSION = "braincl-memory", 4
# In the header, of what is stored beside strings and index; the last two where decoders share something.
OF_PARTS = ("record_words", "record", "trunk_words", "trunk")
ARRAYS = {"words": np.uint16, "task_counts": np.int32, "num_records": np.int32, "check": np.uint32}


class Imported(NamedTuple):
    """A memory from a file, and what is needed to recall from it.

    Attributes:
        memory: the arrays.
        format: how they are read.
        codec: the networks that the stored decoders are parameters of.
        class_order: original class of each label.
    """

    memory: store.EpisodicMemory
    format: store.Format
    codec: Codec
    class_order: tuple[int, ...]


def export_memory(
    path: Path, memory: store.EpisodicMemory, layout: CueLayout, class_order: Sequence[int]
) -> None:
    """Writes the long-term memory to `path` (.npz), whole or not at all.

    Args:
        path: the file; its folder is there.
        memory: one device's arrays.
        layout: theirs.
        class_order: original class of each label.
    """
    format = layout.format
    header = {
        "name": NAME,
        "version": VERSION,
        "image_shape": layout.spec.image_shape,
        "codec": dataclasses.asdict(layout.settings),
        "precision": PRECISION,
        "latent_shape": format.latent_shape,
        "lanes": format.lanes,
        "num_classes": format.num_classes,
        "num_tasks": format.num_tasks,
        "num_slots": format.num_slots,
        "num_words": format.num_words,
        "max_words": format.max_words,
        "entry_words": format.entry_words,
        **_fields_of_parts(format),
        "class_order": [int(original) for original in class_order],
    }
    temporary = path.with_suffix(".tmp")
    arrays: dict[str, Any] = {
        name: np.asarray(getattr(memory, name), kind) for name, kind in ARRAYS.items()
    }
    with temporary.open("wb") as file:
        np.savez(file, header=np.frombuffer(json.dumps(header).encode(), np.uint8), **arrays)
    os.replace(temporary, path)


def import_memory(path: Path) -> Imported:
    """Reads a memory and checks all of it.

    Raises:
        ValueError: the file is not such a memory, or of a version that is not known here.
        CorruptMemoryError: something in it is damaged; the message says what.
    """
    header, arrays = _read(path)
    if header.get("name") != NAME or header.get("version") != VERSION:
        raise ValueError(
            f"{path} is of format {header.get('name')!r}, version {header.get('version')!r}; this program reads "
            f"{NAME!r}, version {VERSION}"
        )
    try:
        settings = CodecConfig(**header["codec"])
        codec = build_codec(settings, tuple(header["image_shape"]))
        record, trunk = record_shapes(codec, settings)
        format = store.Format(
            latent_shape=tuple(header["latent_shape"]),
            lanes=header["lanes"],
            num_classes=header["num_classes"],
            num_tasks=header["num_tasks"],
            num_slots=header["num_slots"],
            num_words=header["num_words"],
            max_words=header["max_words"],
            record=record,
            trunk=trunk,
        )
        class_order = tuple(header["class_order"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"the header of {path} lacks something or has too much: {error}") from None
    shapes = {"words": (format.num_words,), "task_counts": (format.num_tasks,)}
    for name, array in arrays.items():
        expected = shapes.get(name, ())
        if array.shape != expected or array.dtype != ARRAYS[name]:
            raise ValueError(
                f"{name} of {path} is {array.dtype} {list(array.shape)}; its header says "
                f"{np.dtype(ARRAYS[name])} {list(expected)}"
            )
    parts = {name: header[name] for name in OF_PARTS if name in header}
    if (codec.latent_shape, _fields_of_parts(format)) != (format.latent_shape, parts):
        raise ValueError(f"the header of {path} contradicts itself: record and codec do not agree")
    memory = store.EpisodicMemory(**{name: jnp.asarray(array) for name, array in arrays.items()})
    require_undamaged(find_damages(memory, format))
    return Imported(memory, format, codec, class_order)


def _read(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    try:
        # NumPy would leave the file open when it is no archive.
        with path.open("rb") as opened, np.load(opened) as file:
            header = json.loads(file["header"].tobytes())
            return header, {name: file[name] for name in ARRAYS}
    except FileNotFoundError:
        raise ValueError(f"there is no memory at {path}") from None
    except (KeyError, ValueError, zipfile.BadZipFile, OSError, EOFError) as error:
        raise ValueError(f"{path} is not a whole memory file: {error}") from None


def _fields_of_parts(format: store.Format) -> dict[str, Any]:
    """What the header says of records, and of the trunk where there is one."""
    parts = {"record": format.record} | (
        {"trunk": {"decoder": format.trunk}} if format.trunk else {}
    )
    sizes = {f"{name}_words": store.part_words(part) for name, part in parts.items()}
    return sizes | {name: _array_fields(part) for name, part in parts.items()}


def _array_fields(part: PyTree) -> list[dict[str, Any]]:
    """Name, dtype, shape and place in bytes of each array of a record or trunk, in order."""
    fields, offset = [], 0
    for path, leaf in jax.tree_util.tree_leaves_with_path(part):
        name = "/".join(str(getattr(part, "name", getattr(part, "key", part))) for part in path)
        fields.append(
            {"name": name, "dtype": str(leaf.dtype), "shape": list(leaf.shape), "offset": offset}
        )
        offset += leaf.size * leaf.dtype.itemsize
    return fields
