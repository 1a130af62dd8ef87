"""The header of a memory file: what it says of a memory, and the format that follows from it once it is checked.

Most of it follows from a few facts. What is read is rebuilt from these and must then be the same, so that nothing is
believed for being written there.
"""

import functools
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax

from braincl_jax.config import CodecConfig
from braincl_jax.memory.block import store
from braincl_jax.memory.budget import MAX_WORDS
from braincl_jax.memory.codec.transforms import Codec, build_codec
from braincl_jax.memory.coder import rans
from braincl_jax.memory.coder.tables import PRECISION
from braincl_jax.memory.record import least_bytes, record_shapes
from braincl_jax.types import PyTree

NAME, VERSION = "braincl-memory", 6
# Settings of the codec that shape what is stored; how it was trained is no fact of a memory, nor is a g_a that was
# dropped.
STRUCTURE = ("num_stages", "latent_channels", "width", "lanes_per_image", "storage", "shared")
OF_ANALYSIS = ("analysis_width",)
LARGEST_SIDE = 1 << 16
LARGEST_CLASS = (1 << 53) - 1


class Described(NamedTuple):
    """What a header comes to.

    Attributes:
        format: how the block is read.
        codec: the networks that the stored decoders are parameters of.
        class_order: original class of each label.
    """

    format: store.Format
    codec: Codec
    class_order: tuple[int, ...]


def describe(
    format: store.Format,
    settings: CodecConfig,
    image_shape: Sequence[int],
    class_order: Sequence[int],
) -> dict[str, Any]:
    """The header of a memory, ready for JSON."""
    return {
        "name": NAME,
        "version": VERSION,
        "image_shape": list(image_shape),
        "codec": {name: getattr(settings, name) for name in _structure(settings.shared)},
        "precision": PRECISION,
        "latent_shape": list(format.latent_shape),
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


def understood(header: Mapping[str, Any], num_words: int, num_tasks: int) -> Described:
    """The format that a header describes.

    Args:
        header: as read from a file.
        num_words: of the block that lies beside it.
        num_tasks: whose counts lie beside it.

    Raises:
        ValueError: it says what cannot be, contradicts itself, or does not fit the block. Before that is known, nothing
            is built whose size follows from it.
    """
    return _understood(_text(header), num_words, num_tasks)


# What was compiled for a format is found again by the same object.
@functools.lru_cache(maxsize=8)
def _understood(text: str, num_words: int, num_tasks: int) -> Described:
    header = json.loads(text)
    image_shape = _image_shape(header)
    settings = _codec_settings(header)
    codec = build_codec(settings, image_shape)
    for name, size in (("num_words", num_words), ("num_tasks", num_tasks)):
        if _whole(header, name, 1, MAX_WORDS) != size:
            raise ValueError(f"{name} is {header[name]}, and there are {size} beside it")
    if least_bytes(settings, image_shape) > 2 * num_words:
        raise ValueError(f"codec: its decoder does not fit into a block of {num_words} words")
    format = _format(header, settings, codec, image_shape)
    order = _class_order(header, format.num_classes)
    derived = describe(format, settings, image_shape, order)
    for name in sorted(derived.keys() | header.keys()):
        said, follows = (_text(one.get(name)) for one in (header, derived))
        if said != follows:
            raise ValueError(f"{name} is {said:.80}; the rest of the header makes it {follows:.80}")
    return Described(format, codec, order)


def _format(
    header: Mapping[str, Any],
    settings: CodecConfig,
    codec: Codec,
    image_shape: tuple[int, int, int],
) -> store.Format:
    height, width, channels = codec.latent_shape
    lanes = settings.lanes_per_image
    if height % lanes:
        raise ValueError(f"codec: lanes_per_image is {lanes}, no divisor of the {height} rows")
    worst = store.longest_string(height * width * channels // lanes)
    max_words = _whole(header, "max_words", min(worst, store.MOST_SHORT_WORDS), worst)
    if max_words not in (worst, store.MOST_SHORT_WORDS):
        raise ValueError(f"max_words is {max_words}; need {store.MOST_SHORT_WORDS} or {worst}")
    num_classes = _whole(header, "num_classes", 1, store.MOST_CLASSES)
    num_words = header["num_words"]
    # A slot has an entry, and of each lane at least the coder's last state.
    least = store.entry_words(lanes, num_classes, max_words) + rans.FLUSH_WORDS * lanes
    record, trunk = record_shapes(settings, image_shape)
    return store.Format(
        latent_shape=codec.latent_shape,
        lanes=lanes,
        num_classes=num_classes,
        num_tasks=header["num_tasks"],
        num_slots=_whole(header, "num_slots", 1, max(num_words // least, 1)),
        num_words=num_words,
        max_words=max_words,
        record=record,
        trunk=trunk,
    )


def _image_shape(header: Mapping[str, Any]) -> tuple[int, int, int]:
    shape = header.get("image_shape")
    if (
        not isinstance(shape, list)
        or len(shape) != 3
        or not all(type(side) is int and 1 <= side <= LARGEST_SIDE for side in shape)
        or shape[2] not in (1, 3)
    ):
        raise ValueError(
            f"image_shape is {_text(shape):.80}; need [H, W, C], sides up to {LARGEST_SIDE}, C 1 or 3"
        )
    height, width, channels = shape
    return height, width, channels


def _codec_settings(header: Mapping[str, Any]) -> CodecConfig:
    codec = header.get("codec")
    needed = _structure(codec.get("shared") if isinstance(codec, dict) else None)
    if not isinstance(codec, dict) or codec.keys() != set(needed):
        raise ValueError(f"codec is {_text(codec):.80}; need the settings {', '.join(needed)}")
    settings = CodecConfig(**codec)
    if not settings.latent_channels:
        raise ValueError("codec: latent_channels is 0; need a number of channels")
    return settings


def _structure(shared: Any) -> tuple[str, ...]:
    return STRUCTURE + (OF_ANALYSIS if shared in ("codec", "all") else ())


def _class_order(header: Mapping[str, Any], num_classes: int) -> tuple[int, ...]:
    order = header.get("class_order")
    if (
        not isinstance(order, list)
        or not all(type(one) is int and 0 <= one <= LARGEST_CLASS for one in order)
        or not len(set(order)) == len(order) == num_classes
    ):
        raise ValueError(
            f"class_order is {_text(order):.80}; need {num_classes} different classes, from 0"
        )
    return tuple(order)


def _whole(header: Mapping[str, Any], name: str, least: int, most: int) -> int:
    value = header.get(name)
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"{name} is {_text(value):.80}; need a whole number, {least} to {most}")
    return value


def _text(value: Any) -> str:
    """As it stands in the file: there, `true`, 1 and 1.0 are not the same."""
    return json.dumps(value, sort_keys=True)


def _fields_of_parts(format: store.Format) -> dict[str, Any]:
    """What the header says of records, and of the trunk where there is one."""
    parts = {"record": format.record} | ({"trunk": format.trunk} if format.trunk_words else {})
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
