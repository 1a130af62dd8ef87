"""Grey levels replaced by others, by tables int32 [256, C]: the new level of each old one in each channel."""

import jax
import jax.numpy as jnp

from braincl_jax.types import Array


def unchanged(channels: int) -> Array:
    """The table that changes nothing."""
    return jnp.broadcast_to(jnp.arange(256)[:, None], (256, channels))


def look_up(image: Array, table: Array) -> Array:
    """uint8 [H, W, C] -> uint8 [H, W, C], every level replaced."""
    old = image.reshape(-1, image.shape[-1]).astype(jnp.int32)
    return jnp.take_along_axis(table.astype(jnp.uint8), old, axis=0).reshape(image.shape)


def posterise(table: Array, bits: Array) -> Array:
    """The upper `bits` (int32 scalar, 0..8) of every level alone."""
    dropped = 8 - bits
    return (table >> dropped) << dropped


def solarise(table: Array, threshold: Array) -> Array:
    """Levels from `threshold` on turned into their negatives."""
    return jnp.where(table >= threshold, 255 - table, table)


def count(image: Array) -> Array:
    """How many pixels of each channel of uint8 [H, W, C] have each level: int32 [256, C]."""
    pixels = image.reshape(-1, image.shape[-1])
    return jax.vmap(lambda levels: jnp.bincount(levels, length=256), 1, 1)(pixels)


def stretch(counts: Array) -> Array:
    """The table that brings each channel's darkest level to 0 and its brightest to 255; one level alone stays."""
    same = unchanged(counts.shape[1])
    darkest, brightest = _darkest(counts), _brightest(counts)
    flat = brightest == darkest
    scale = 255 / jnp.where(flat, 1, brightest - darkest).astype(jnp.float32)
    stretched = jnp.clip((same - darkest) * scale, 0, 255).astype(jnp.int32)
    return jnp.where(flat, same, stretched)


def equalise(counts: Array) -> Array:
    """The table that makes levels of each channel about equally frequent, as by Pillow; few pixels stay as they are."""
    step = (
        counts.sum(0, keepdims=True) - jnp.take_along_axis(counts, _brightest(counts), axis=0)
    ) // 255
    darker = jnp.cumsum(counts, axis=0) - counts
    equalised = jnp.minimum((darker + step // 2) // jnp.maximum(step, 1), 255)
    return jnp.where(step == 0, unchanged(counts.shape[1]), equalised)


def _darkest(counts: Array) -> Array:
    """Of the levels that occur in each channel, int32 [1, C]."""
    return jnp.argmax(counts > 0, axis=0, keepdims=True)


def _brightest(counts: Array) -> Array:
    return 255 - _darkest(counts[::-1])
