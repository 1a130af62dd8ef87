"""Awake: real images arrive, are encoded into cues, and the head learns the new classes."""

from braincl_jax.wake.classify import classify_step
from braincl_jax.wake.encode import encode_step
from braincl_jax.wake.memorise import memorise_step
from braincl_jax.wake.memorise_images import memorise_images_step
from braincl_jax.wake.start import start_step

__all__ = [
    "classify_step",
    "encode_step",
    "memorise_images_step",
    "memorise_step",
    "start_step",
]
