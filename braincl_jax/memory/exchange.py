"""A memory as one file that any program can read; the format is described in docs/memory_format.md."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from braincl_jax.memory.archive import read_archive, write_archive
from braincl_jax.memory.block import store
from braincl_jax.memory.block.integrity import require_undamaged
from braincl_jax.memory.codec.transforms import Codec
from braincl_jax.memory.cue_layout import CueLayout
from braincl_jax.memory.header import NAME, VERSION, describe, understood
from braincl_jax.memory.inspection import find_damages

KINDS = {
    name: np.dtype(kind)
    for name, kind in (
        *(("words", "<u2"), ("task_counts", "<i4")),
        *(("num_records", "<i4"), ("check", "<u4")),
    )
}


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
    header = describe(layout.format, layout.settings, layout.spec.image_shape, class_order)
    arrays = {name: np.asarray(getattr(memory, name), kind) for name, kind in KINDS.items()}
    write_archive(path, header, arrays)


def import_memory(path: Path) -> Imported:
    """Reads a memory and checks all of it: first that header and arrays can be, then that they are as written.

    Raises:
        ValueError: the file is not such a memory, or of a version that is not known here.
        CorruptMemoryError: something in it is damaged; the message says what.
    """
    header, arrays, changed = read_archive(path, name=NAME, version=VERSION, kinds=KINDS)
    if arrays["words"].ndim != 1 or arrays["task_counts"].ndim != 1:
        raise ValueError(f"{path}: words and task_counts must have one dimension")
    if arrays["num_records"].ndim or arrays["check"].ndim:
        raise ValueError(f"{path}: num_records and check must be single numbers")
    try:
        format, codec, class_order = understood(
            header, len(arrays["words"]), len(arrays["task_counts"])
        )
    except ValueError as error:
        raise ValueError(f"the header of {path} cannot be: {error}") from None
    memory = store.EpisodicMemory(**{name: jnp.asarray(array) for name, array in arrays.items()})
    named = find_damages(memory, format)
    # Where it is, is known better by those who look inside.
    require_undamaged(named or [f"{name} of {path} (another SHA-256)" for name in changed])
    return Imported(memory, format, codec, class_order)
