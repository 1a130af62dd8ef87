"""Brightness, contrast, saturation and hue at random, in random order."""

import jax
import jax.numpy as jnp

from braincl_jax.registry import AUGMENTATIONS
from braincl_jax.settings import between, settings
from braincl_jax.sleep.transforms import colour
from braincl_jax.types import Array

ADJUSTMENTS = {
    "brightness": colour.brighten,
    "contrast": colour.contrast,
    "saturation": colour.saturate,
    "hue": colour.turn_hue,
}


@AUGMENTATIONS.register("colour_jitter")
@settings()
class ColourJitter:
    """torchvision's ColorJitter: keys [B], images uint8 [B, H, W, C], C = 1 or 3 -> the same.

    An adjustment of 0 is left out. The default is what class-incremental learners are trained with on ImageNet.

    Attributes:
        brightness, contrast, saturation: factors are uniform in 1 - x .. 1 + x, and not below 0.
        hue: the turn is uniform in -x .. x, of the whole circle of colours.
    """

    brightness: float = between(0, 16, default=63 / 255)
    contrast: float = between(0, 16, default=0.0)
    saturation: float = between(0, 16, default=0.0)
    hue: float = between(0, 0.5, default=0.0)

    def __call__(self, keys: Array, images: Array) -> Array:
        ranges = {
            "brightness": _factors(self.brightness),
            "contrast": _factors(self.contrast),
            "saturation": _factors(self.saturation),
            "hue": (-self.hue, self.hue),
        }
        ranges = {name: (low, high) for name, (low, high) in ranges.items() if low < high}
        if not ranges:
            return images
        names = tuple(ranges)
        low, high = zip(*ranges.values(), strict=True)

        def one(key: Array, image: Array) -> Array:
            order_key, amount_key = jax.random.split(key)
            order = jax.random.permutation(order_key, len(names))
            amounts = jax.random.uniform(
                amount_key, (len(names),), minval=jnp.array(low), maxval=jnp.array(high)
            )
            return adjusted(image, names, order, amounts)

        return jax.vmap(one)(keys, images)


def _factors(most: float) -> tuple[float, float]:
    return max(0.0, 1 - most), 1 + most


def adjusted(image: Array, names: tuple[str, ...], order: Array, amounts: Array) -> Array:
    """One adjustment after another.

    Args:
        image: uint8 [H, W, C].
        names: of `ADJUSTMENTS`, n of them.
        order: int32 [n], which of the names comes first, second, ...
        amounts: float32 [n], of each name in the order of `names`: a factor, or turns of hue.

    Returns:
        uint8 [H, W, C].
    """
    branches = [ADJUSTMENTS[name] for name in names]

    def adjust(image: Array, which: Array) -> tuple[Array, None]:
        return jax.lax.switch(which, branches, image, amounts[which]), None

    # In a loop: of adjustments written one after another, XLA on CPU computes each anew for every use of a pixel, which
    # takes five times as long.
    return jax.lax.scan(adjust, image, order)[0]
