"""Colours changed as by torchvision: uint8 [H, W, C] of 1 or 3 channels -> the same; fractions are dropped."""

import dm_pix
import jax.numpy as jnp

from braincl_jax.types import Array

# Of red, green and blue in brightness (ITU-R BT.601).
LUMA = (0.2989, 0.587, 0.114)


def blend(image: Array, other: Array, factor: Array | float) -> Array:
    """`other` at factor 0, `image` at 1, and beyond `image`, away from `other`, above 1.

    Args:
        image: uint8 [H, W, C].
        other: of the same shape, or a scalar; in levels of 0..255.
        factor: scalar, at least 0.

    Returns:
        uint8 [H, W, C].
    """
    mixed = factor * image.astype(jnp.float32) + (1 - factor) * other
    return jnp.clip(mixed, 0, 255).astype(jnp.uint8)


def grey(image: Array) -> Array:
    """The image without colour, uint8 [H, W, C].

    Raises:
        ValueError: there are neither 1 nor 3 channels.
    """
    channels = image.shape[-1]
    if channels == 1:
        return image
    if channels != 3:
        raise ValueError(
            f"sleep.augmentation: images have {channels} channels, and colours can be changed of 1 or 3 alone; choose "
            "an augmentation that moves pixels, such as random_resized_crop"
        )
    levels = sum(weight * image[..., n].astype(jnp.float32) for n, weight in enumerate(LUMA))
    return jnp.broadcast_to(jnp.asarray(levels)[..., None], image.shape).astype(jnp.uint8)


def mean_grey(image: Array) -> Array:
    """The mean level of `grey`, a float32 scalar."""
    return grey(image)[..., 0].astype(jnp.float32).mean()


def smooth(image: Array) -> Array:
    """Means over 3 x 3 pixels, the middle five times as heavy; pixels at the edge stay. uint8 [H, W, C]."""
    wide = image.astype(jnp.int32)
    rows = wide[:-2] + wide[1:-1] + wide[2:]
    sums = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:] + 4 * wide[1:-1, 1:-1]
    return image.at[1:-1, 1:-1].set(jnp.round(sums / 13).astype(jnp.uint8))


def brighten(image: Array, factor: Array | float) -> Array:
    """All levels times `factor`."""
    return blend(image, jnp.float32(0), factor)


def contrast(image: Array, factor: Array | float) -> Array:
    """Distances to the mean level times `factor`."""
    return blend(image, mean_grey(image), factor)


def saturate(image: Array, factor: Array | float) -> Array:
    """Distances to grey times `factor`. Nothing changes with 1 channel."""
    if image.shape[-1] == 1:
        return image
    return blend(image, grey(image), factor)


def turn_hue(image: Array, turns: Array | float) -> Array:
    """Hues turned round the circle of colours; `turns` is -1/2..1/2 of it. Nothing changes with 1 channel."""
    if image.shape[-1] == 1:
        return image
    turned = dm_pix.adjust_hue(image.astype(jnp.float32) / 255, turns)
    # 256 levels of equal width, the last one closed.
    return jnp.clip(turned * (256 - 1e-3), 0, 255).astype(jnp.uint8)
