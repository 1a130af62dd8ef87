"""Augmentations one after another, as recipes are published."""

import jax

from braincl_jax.registry import AUGMENTATIONS, named_each
from braincl_jax.settings import settings
from braincl_jax.types import Array


@AUGMENTATIONS.register("chain")
@settings()
class Chain:
    """Each part varies what the one before it has made: keys [B], images uint8 [B, H, W, C] -> the same.

    Attributes:
        parts: augmentations in their order, each written as in a config; none leaves images as they are.
    """

    parts: tuple[str, ...] = named_each(AUGMENTATIONS, default=())

    def __call__(self, keys: Array, images: Array) -> Array:
        if not self.parts:
            return images
        number = len(self.parts)
        keys_of_parts = jax.vmap(lambda key: jax.random.split(key, number), out_axes=1)(keys)
        for part, own in zip(self.parts, keys_of_parts, strict=True):
            images = AUGMENTATIONS.build(part)(own, images)
        return images
