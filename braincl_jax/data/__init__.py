"""What arrives while awake: sources of images, the stream of tasks made of them, augmentation."""

from braincl_jax.data.augment import add_noise, crop_and_flip
from braincl_jax.data.shrink import shrunk
from braincl_jax.data.sources import RawData, load_source, register_source
from braincl_jax.data.stream import Split, TaskStream

__all__ = [
    "RawData",
    "Split",
    "TaskStream",
    "add_noise",
    "crop_and_flip",
    "load_source",
    "register_source",
    "shrunk",
]
