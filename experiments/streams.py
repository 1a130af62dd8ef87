"""Streams that the runs of a comparison share: data are read and hashed once, not once a run."""

import functools
from typing import Any

from braincl_jax.build import build_stream
from braincl_jax.config import Config
from braincl_jax.data import TaskStream

DATA_SETTINGS = (
    *("plugins", "dataset", "image_side", "resize_side", "decoder", "unreadable"),
    *("num_tasks", "classes_per_task", "class_order_seed", "validation_fraction"),
    "protocol",
)


def stream_of(config: Config) -> TaskStream:
    """The stream of a config, the same object for all that share it: its data are read and hashed once."""
    return _stream_with(tuple((name, getattr(config, name)) for name in DATA_SETTINGS))


@functools.lru_cache(maxsize=2)
def _stream_with(settings: tuple[tuple[str, Any], ...]) -> TaskStream:
    return build_stream(Config(**dict(settings)))
