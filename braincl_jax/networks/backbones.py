"""The backbones that `config.network` may name.

One of your own is a settings class that makes a module when it is called: float32 [B, H, W, C] -> features float32
[B, F], with the keywords `train` and `axis_name`, as `ResNet`.
"""

from typing import ClassVar, Literal

import flax.linen as nn
import jax.numpy as jnp

from braincl_jax.networks.resnet import ResNet
from braincl_jax.registry import BACKBONES
from braincl_jax.settings import between, one_of, settings

DTYPES = ("float32", "bfloat16")


@settings("network")
class ResNetSettings:
    """A residual network by its stages.

    `width` is the number of channels of the first stage. `dtype` is what it computes in: "bfloat16" halves its
    activations; parameters, BatchNorm statistics, head and loss are float32 in any case.
    """

    stage_sizes: ClassVar[tuple[int, ...]] = ()
    stem: ClassVar[Literal["small", "half", "large"]] = "small"

    width: int = between(1, 1024, default=16)
    dtype: str = one_of(DTYPES, default="float32")

    def __call__(self) -> nn.Module:
        return ResNet(self.stage_sizes, self.width, self.stem, jnp.dtype(self.dtype))


@BACKBONES.register("resnet8")
class ResNet8(ResNetSettings):
    """Three blocks, for images of about 32x32."""

    stage_sizes = (1, 1, 1)


@BACKBONES.register("resnet8_half")
class ResNet8Half(ResNetSettings):
    """Three blocks at half the resolution, for CPUs."""

    stage_sizes, stem = (1, 1, 1), "half"


@BACKBONES.register("resnet32")
class ResNet32(ResNetSettings):
    """Fifteen blocks, for images of about 32x32."""

    stage_sizes = (5, 5, 5)


@BACKBONES.register("resnet18")
class ResNet18(ResNetSettings):
    """Eight blocks, for images of about 32x32; width 64 is the usual one."""

    stage_sizes = (2, 2, 2, 2)


@BACKBONES.register("resnet18_224")
class ResNet18Large(ResNetSettings):
    """Eight blocks behind a stem for images of about 224x224; width 64 is the usual one."""

    stage_sizes, stem = (2, 2, 2, 2), "large"
