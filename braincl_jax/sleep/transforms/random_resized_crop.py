"""A random part of each image, brought to one size: how networks are trained on ImageNet."""

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
    """torchvision's RandomResizedCrop and RandomHorizontalFlip: keys [B], uint8 [B, H, W, C] -> uint8 [B, H', W', C].

    Attributes:
        side: height and width of what is made; 0 keeps those of the images.
        smallest: share of the image's area that a box has at least; it is uniform up to the whole.
        widest: a box is at most so many times as wide as high, or as high as wide; uniform in the logarithm.
        flip: whether to mirror left and right with probability 1/2.
    """

    side: int = between(0, 65_536, default=0)
    smallest: float = between(0, 1, default=0.08)
    widest: float = between(1, 16, default=4 / 3)
    flip: bool = True

    def __call__(self, keys: Array, images: Array) -> Array:
        height, width = images.shape[1:3]
        size = (self.side or height, self.side or width)

        def one(key: Array, image: Array) -> Array:
            box_key, flip_key = jax.random.split(key)
            box = draw_box(box_key, height, width, smallest=self.smallest, widest=self.widest)
            mirrored = self.flip & jax.random.bernoulli(flip_key)
            return resized_crop(image, box, size, mirrored=mirrored)

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


def resized_crop(image: Array, box: Box, size: tuple[int, int], *, mirrored: Array | bool) -> Array:
    """What a box of an image shows, brought to one size.

    Bilinear between the box's own pixels; antialiased along a side that may have to be shrunk, as Pillow does.

    Args:
        image: uint8 [H, W, C].
        box: which part.
        size: H' and W'.
        mirrored: bool scalar, whether left and right change places.

    Returns:
        uint8 [H', W', C].
    """
    rows = _places(size[0], box.top, box.height)
    columns = _places(size[1], box.left, box.width)
    columns = jnp.where(mirrored, columns[::-1], columns)
    resized = _resampled(image.astype(jnp.float32), rows, box.top, box.height, axis=0)
    resized = _resampled(resized, columns, box.left, box.width, axis=1)
    return jnp.round(resized).astype(jnp.uint8)


def _resampled(image: Array, places: Array, start: Array, length: Array, axis: int) -> Array:
    """An image at some places along an axis, of the pixels from `start` to before `start + length` alone."""
    if len(places) < image.shape[axis]:
        return _means(image, places, start, length, axis)
    # No box is longer than the image: none is shrunk, and means would be of the two neighbours.
    return _between(image, places, axis)


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


def _means(image: Array, places: Array, start: Array, length: Array, axis: int) -> Array:
    """Means of the pixels about each place, with weights that fall to 0 at the distance of the next place."""
    old = jnp.arange(image.shape[axis])[None]
    reach = jnp.maximum(length / len(places), 1)
    weights = jnp.maximum(1 - jnp.abs(old - places[:, None]) / reach, 0)
    weights = jnp.where((old >= start) & (old < start + length), weights, 0)
    weights = weights / weights.sum(1, keepdims=True)
    means = jnp.tensordot(weights, image, (1, axis), precision="highest")
    return jnp.moveaxis(means, 0, axis)
