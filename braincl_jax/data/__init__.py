"""What arrives while awake: sources of images, and the stream of tasks made of them."""

from braincl_jax.data.shrink import shrunk
from braincl_jax.data.sources import RawData, load_source, register_source
from braincl_jax.data.stream import Split, TaskStream

__all__ = [
    "RawData",
    "Split",
    "TaskStream",
    "load_source",
    "register_source",
    "shrunk",
]
