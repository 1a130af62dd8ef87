"""A random part of each image, brought to the image's own size: how networks are trained on ImageNet."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from braincl_jax.registry import AUGMENTATIONS
from braincl_jax.settings import between, settings
from braincl_jax.types import Array

TRIES = 10


class Box(NamedTuple):
    """A part of an image, in pixels, int32 scalars; it lies within the image and is not empty."""

    top: Array
    left: Array
    height: Array
    width: Array


@AUGMENTATIONS.register("random_resized_crop")
@settings()
class RandomResizedCrop:
    """torchvision's RandomResizedCrop and RandomHorizontalFlip: keys [B], images uint8 [B, H, W, C] -> the same.

    Attributes:
        smallest: share of the image's area that a box has at least; it is uniform up to the whole.
        widest: a box is at most so many times as wide as high, or as high as wide; uniform in the logarithm.
        flip: whether to mirror left and right with probability 1/2.
    """

    smallest: float = between(0, 1, default=0.08)
    widest: float = between(1, 16, default=4 / 3)
    flip: bool = True

    def __call__(self, keys: Array, images: Array) -> Array:
        height, width = images.shape[1:3]

        def one(key: Array, image: Array) -> Array:
            box_key, flip_key = jax.random.split(key)
            box = draw_box(box_key, height, width, smallest=self.smallest, widest=self.widest)
            return resized_crop(image, box, mirrored=self.flip & jax.random.bernoulli(flip_key))

        return jax.vmap(one)(keys, images)


def draw_box(key: Array, height: int, width: int, *, smallest: float, widest: float) -> Box:
    """A box of random area, aspect ratio and place; see `RandomResizedCrop`.

    The first of ten draws that fits into the image counts. If none does, the box is the largest in the middle whose
    aspect ratio is possible.
    """
    area_key, ratio_key, top_key, left_key = jax.random.split(key, 4)
    areas = height * width * jax.random.uniform(area_key, (TRIES,), minval=smallest, maxval=1)
    most = np.log(widest)
    ratios = jnp.exp(jax.random.uniform(ratio_key, (TRIES,), minval=-most, maxval=most))
    heights = jnp.round(jnp.sqrt(areas / ratios)).astype(jnp.int32)
    widths = jnp.round(jnp.sqrt(areas * ratios)).astype(jnp.int32)
    fits = (heights > 0) & (heights <= height) & (widths > 0) & (widths <= width)
    first, middle = jnp.argmax(fits), _middle(height, width, widest)
    any_fits = fits[first]
    high = jnp.where(any_fits, heights[first], middle.height)
    wide = jnp.where(any_fits, widths[first], middle.width)
    top = jax.random.randint(top_key, (), 0, height - high + 1)
    left = jax.random.randint(left_key, (), 0, width - wide + 1)
    return Box(
        jnp.where(any_fits, top, middle.top), jnp.where(any_fits, left, middle.left), high, wide
    )


def _middle(height: int, width: int, widest: float) -> Box:
    high, wide = min(height, round(width * widest)), min(width, round(height * widest))
    numbers = ((height - high) // 2, (width - wide) // 2, high, wide)
    return Box(*(jnp.int32(number) for number in numbers))


def resized_crop(image: Array, box: Box, *, mirrored: Array | bool) -> Array:
    """What a box of an image shows, at the image's own size.

    Bilinear between the box's own pixels. A box is never larger than the image, so it is never shrunk, and an
    antialiasing filter would change nothing.

    Args:
        image: uint8 [H, W, C].
        box: which part.
        mirrored: bool scalar, whether left and right change places.

    Returns:
        uint8 [H, W, C].
    """
    height, width, _ = image.shape
    rows = _places(height, box.top, box.height)
    columns = _places(width, box.left, box.width)
    columns = jnp.where(mirrored, columns[::-1], columns)
    enlarged = _between(_between(image.astype(jnp.float32), rows, axis=0), columns, axis=1)
    return jnp.round(enlarged).astype(jnp.uint8)


def _places(size: int, start: Array, length: Array) -> Array:
    """Middles of `size` pixels that are spread over `length` from `start`, but not beyond its ends; float32 [size]."""
    middles = (jnp.arange(size) + 0.5) * length / size - 0.5
    return start + jnp.clip(middles, 0, length - 1)


def _between(image: Array, places: Array, axis: int) -> Array:
    """Values between pixels along an axis, each of its two neighbours with the weight of its nearness."""
    before = places.astype(jnp.int32)
    share = jnp.expand_dims(places - before, [other for other in range(3) if other != axis])
    # Where `before` is the last pixel, the weight of the one behind it is 0.
    low, high = (jnp.take(image, before + step, axis=axis, mode="clip") for step in (0, 1))
    return low + share * (high - low)
