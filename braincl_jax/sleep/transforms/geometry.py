"""Pixels moved: shear, shift and rotation, each new pixel from the nearest old one."""

from typing import NamedTuple

import jax.numpy as jnp

from braincl_jax.types import Array


class Motion(NamedTuple):
    """How pixels move; scalars, float32. Of the three, all but one are 0.

    Attributes:
        shear_x, shear_y: pixels to the left for each row further down; pixels up for each column further right.
        shift_x, shift_y: pixels to the right, and down.
        degrees: anticlockwise, about the middle.
    """

    shear_x: Array | float = 0.0
    shear_y: Array | float = 0.0
    shift_x: Array | float = 0.0
    shift_y: Array | float = 0.0
    degrees: Array | float = 0.0


def move(image: Array, motion: Motion) -> Array:
    """uint8 [H, W, C] -> uint8 [H, W, C]; what comes from outside is black."""
    height, width, _ = image.shape
    x, y = jnp.meshgrid(jnp.arange(width) + 0.5, jnp.arange(height) + 0.5)
    right, down = x - width / 2, y - height / 2
    angle = jnp.deg2rad(motion.degrees)
    cosine, sine = jnp.cos(angle), jnp.sin(angle)
    old_x = cosine * right - sine * down + width / 2 + motion.shear_x * y - motion.shift_x
    old_y = sine * right + cosine * down + height / 2 + motion.shear_y * x - motion.shift_y
    rows, columns = (jnp.floor(place).astype(jnp.int32) for place in (old_y, old_x))
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    moved = image.at[rows, columns].get(mode="clip")
    return jnp.where(inside[..., None], moved, jnp.uint8(0))
