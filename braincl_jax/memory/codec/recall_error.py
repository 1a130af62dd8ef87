"""What a codec is trained to keep of an image: the error that it weighs against the rate."""

import jax.numpy as jnp

from braincl_jax.registry import RECALL_ERRORS
from braincl_jax.settings import settings
from braincl_jax.types import Array


@RECALL_ERRORS.register("squared_error")
@settings()
class SquaredError:
    """Mean squared error of pixels: float32 [B, H, W, C] in [0, 1] twice -> float32 [B]."""

    def __call__(self, images: Array, recalled: Array) -> Array:
        return jnp.square(images - recalled).mean((1, 2, 3))
