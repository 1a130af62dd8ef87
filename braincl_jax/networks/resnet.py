"""Residual networks (He et al. 2016) with batch normalisation synchronised over devices.

Computed in any floating dtype: parameters, BatchNorm statistics and features are float32 in any case.
"""

import functools
from typing import Literal

import flax.linen as nn
import jax.numpy as jnp
from jax.typing import DTypeLike

from braincl_jax.networks.subpixel import space_to_depth
from braincl_jax.types import Array


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a projection shortcut where the shape changes."""

    features: int
    stride: int
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, x: Array, *, train: bool, axis_name: str | None) -> Array:
        norm = functools.partial(
            nn.BatchNorm,
            use_running_average=not train,
            momentum=0.9,
            axis_name=axis_name if train else None,
            dtype=self.dtype,
        )
        conv = functools.partial(nn.Conv, use_bias=False, dtype=self.dtype)
        strides = (self.stride, self.stride)
        y = nn.relu(norm()(conv(self.features, (3, 3), strides)(x)))
        # Residual branches start at zero (Goyal et al. 2017, section 5.1): a stable start at high learning rates.
        y = norm(scale_init=nn.initializers.zeros)(conv(self.features, (3, 3))(y))
        if y.shape != x.shape:
            x = norm()(conv(self.features, (1, 1), strides)(x))
        return nn.relu(x + y)


class ResNet(nn.Module):
    """Backbone: float32 [B, H, W, C] -> features float32 [B, F], F the width of the last stage.

    Attributes:
        stage_sizes: blocks of each stage; every stage after the first halves the resolution and doubles the width.
        width: channels of the first stage.
        stem: "small", one 3x3 convolution; "half", the same behind space-to-depth, at half the resolution and a quarter
            of the cost, for CPUs (an odd side gets its last row or column twice); "large", a 7x7 stride-2 convolution
            and max pooling, for 224 px.
        dtype: what convolutions and activations are computed in.
    """

    stage_sizes: tuple[int, ...]
    width: int
    stem: Literal["small", "half", "large"] = "small"
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, x: Array, *, train: bool, axis_name: str | None = None) -> Array:
        if self.stem == "half":
            bottom, right = (side % 2 for side in x.shape[1:3])
            x = jnp.pad(x, ((0, 0), (0, bottom), (0, right), (0, 0)), mode="edge")
            x = space_to_depth(x)
        kernel, strides = ((7, 7), (2, 2)) if self.stem == "large" else ((3, 3), (1, 1))
        x = nn.Conv(self.width, kernel, strides, use_bias=False, dtype=self.dtype)(x)
        x = nn.BatchNorm(
            use_running_average=not train,
            momentum=0.9,
            axis_name=axis_name if train else None,
            dtype=self.dtype,
        )(x)
        x = nn.relu(x)
        if self.stem == "large":
            x = nn.max_pool(x, (3, 3), (2, 2), padding="SAME")
        for stage, size in enumerate(self.stage_sizes):
            for block in range(size):
                stride = 2 if stage > 0 and block == 0 else 1
                features = self.width * 2**stage
                x = BasicBlock(features, stride, self.dtype)(x, train=train, axis_name=axis_name)
        return jnp.mean(x, (1, 2), dtype=jnp.float32)
