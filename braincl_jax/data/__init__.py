"""What arrives while awake: sources of images, and the stream of tasks made of them."""

from braincl_jax.data.dataset import Dataset
from braincl_jax.data.images import Images, InMemory, Mapped
from braincl_jax.data.read_ahead import read_ahead
from braincl_jax.data.shrink import Shrunk, shrunk
from braincl_jax.data.sources import load_source, register_source
from braincl_jax.data.stream import TaskStream

__all__ = [
    "Dataset",
    "Images",
    "InMemory",
    "Mapped",
    "Shrunk",
    "TaskStream",
    "load_source",
    "read_ahead",
    "register_source",
    "shrunk",
]
