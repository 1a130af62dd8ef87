"""What arrives while awake: sources of images, and the stream of tasks made of them."""

from braincl_jax.data.dataset import Dataset
from braincl_jax.data.images import Encoded, Images, InMemory, Mapped
from braincl_jax.data.prepare import prepared
from braincl_jax.data.read_ahead import read_ahead
from braincl_jax.data.readable import without_unreadable
from braincl_jax.data.resize import Resized
from braincl_jax.data.shrink import Shrunk, shrunk
from braincl_jax.data.sources import load_source, register_source
from braincl_jax.data.stream import TaskStream

__all__ = [
    "Dataset",
    "Encoded",
    "Images",
    "InMemory",
    "Mapped",
    "Resized",
    "Shrunk",
    "TaskStream",
    "load_source",
    "prepared",
    "read_ahead",
    "register_source",
    "shrunk",
    "without_unreadable",
]
