"""A random part of each image as it is: what a network sees that sees less than is remembered."""

import jax

from braincl_jax.registry import AUGMENTATIONS
from braincl_jax.settings import between, settings
from braincl_jax.types import Array


@AUGMENTATIONS.register("random_crop")
@settings()
class RandomCrop:
    """torchvision's RandomCrop without padding: keys [B], images uint8 [B, H, W, C] -> uint8 [B, H', W', C].

    Every part of that size is equally likely.

    Attributes:
        side: height and width of a part; 0 takes images whole.
    """

    side: int = between(0, 65_536, default=0)

    def __call__(self, keys: Array, images: Array) -> Array:
        if not self.side:
            return images
        side, (height, width) = self.side, images.shape[1:3]
        if side > min(height, width):
            raise ValueError(
                f"sleep.augmentation: random_crop.side={side} is impossible for images of {height}x{width}: it must be "
                f"at most {min(height, width)}"
            )

        def one(key: Array, image: Array) -> Array:
            row_key, column_key = jax.random.split(key)
            top = jax.random.randint(row_key, (), 0, height - side + 1)
            left = jax.random.randint(column_key, (), 0, width - side + 1)
            return jax.lax.dynamic_slice(image, (top, left, 0), (side, side, image.shape[2]))

        return jax.vmap(one)(keys, images)
