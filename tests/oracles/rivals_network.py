"""A backbone that PyTorch can build alike, for `rivals_config`: one rectified layer over the pixels.

It is a plugin, and is not run in tests.
"""

import flax.linen as nn
import jax

from braincl_jax.registry import BACKBONES
from braincl_jax.settings import between, settings


class Rectified(nn.Module):
    """float32 [B, H, W, C] -> float32 [B, width]."""

    width: int

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool, axis_name: str | None = None) -> jax.Array:
        del train, axis_name
        return nn.relu(nn.Dense(self.width)(x.reshape(len(x), -1)))


@BACKBONES.register("rectified")
@settings("network")
class RectifiedSettings:
    """`width` is the number of features."""

    width: int = between(1, 4096, default=64)

    def __call__(self) -> nn.Module:
        return Rectified(self.width)
