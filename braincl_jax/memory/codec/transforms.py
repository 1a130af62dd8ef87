"""Pattern separation g_a and pattern completion g_s: image -> latent -> image.

Every stage halves or doubles the resolution in sub-pixel form (Shi et al. 2016): space-to-depth before, or
depth-to-space after, a 3x3 convolution at the lower resolution. It covers the reach of a strided 5x5 (transposed)
convolution and is two to four times faster on CPU.

Beside the convolutions runs a linear path from each block of pixels to its latents and back, which starts as the
block cosine transform, while the convolutions start at zero output. Each latent has a gain, trained by its
logarithm, so that any rate is soon reached. So an untrained codec is a JPEG of sorts, and
training adds what a block transform cannot do.
"""

import dataclasses
import functools
import math
from collections.abc import Callable
from typing import Any, cast

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax.linen.initializers import constant, zeros

from braincl_jax.config import CodecConfig
from braincl_jax.memory.codec import context, density
from braincl_jax.memory.codec.block_transform import block_basis
from braincl_jax.memory.codec.convolution import convolve
from braincl_jax.networks.subpixel import depth_to_space, space_to_depth
from braincl_jax.types import Array, PyTree

# Steps of rounding in a unit of brightness (0..1) before training: 6 leave about 26 dB.
INITIAL_GAIN = 6.0
# What g_a is called among the stored parameters, where it is stored.
ANALYSIS = "analysis"
# Numbers of an image and latents of a cue: enough for 4,000 x 4,000 pixels, and little enough for one at a time.
MOST_NUMBERS, MOST_LATENTS = 1 << 26, 1 << 24


class Analysis(nn.Module):
    """g_a: images float32 [B, H, W, C] in [0, 1] -> latents float32 [B, h, w, M]."""

    num_stages: int
    width: int
    latent_channels: int

    @nn.compact
    def __call__(self, images: Array) -> Array:
        block = 2**self.num_stages
        bottom, right = (-side % block for side in images.shape[1:3])
        x = jnp.pad(images - 0.5, ((0, 0), (0, bottom), (0, right), (0, 0)), mode="edge")
        basis = block_basis(block, images.shape[-1], self.latent_channels)
        linear = self.param("linear", lambda key: jnp.asarray(basis.T))
        gain = self.param("log_gain", constant(math.log(INITIAL_GAIN)), self.latent_channels)
        latents = space_to_depth(x, block) @ linear
        for _ in range(self.num_stages):
            x = nn.leaky_relu(nn.Conv(self.width, (3, 3))(space_to_depth(x)))
        latents = latents + nn.Conv(self.latent_channels, (3, 3), kernel_init=zeros)(x)
        return latents * jnp.exp(gain)[None, None, None]


class Synthesis(nn.Module):
    """g_s: latents float32 [B, h, w, M] -> images float32 [B, H, W, C], about [0, 1] but not clipped.

    Attributes:
        num_stages: S.
        width: channels between stages.
        image_shape: (H, W, C).
        convolve: how convolutions are computed.
    """

    num_stages: int
    width: int
    image_shape: tuple[int, int, int]
    convolve: Callable[..., Any] = jax.lax.conv_general_dilated

    @nn.compact
    def __call__(self, latents: Array) -> Array:
        height, width, channels = self.image_shape
        block = 2**self.num_stages
        basis = block_basis(block, channels, latents.shape[-1])
        linear = self.param("linear", lambda key: jnp.asarray(basis))
        gain = self.param("log_gain", constant(-math.log(INITIAL_GAIN)), latents.shape[-1])
        conv = functools.partial(nn.Conv, conv_general_dilated=self.convolve)
        x = latents * jnp.exp(gain)[None, None, None]
        images = depth_to_space(x @ linear, block)
        for _ in range(self.num_stages - 1):
            x = nn.leaky_relu(depth_to_space(conv(4 * self.width, (3, 3))(x)))
        images = images + depth_to_space(conv(4 * channels, (3, 3), kernel_init=zeros)(x))
        return images[:, :height, :width] + 0.5


@dataclasses.dataclass(frozen=True)
class Codec:
    """The networks of one image size; parameters live in the state.

    Attributes:
        analysis: g_a.
        synthesis: g_s.
        latent_shape: (h, w, M).
        trunk: names of the stored parameters that the first task trains for all: of those of g_s, and `ANALYSIS` for
            all of g_a; none where every task trains its own.
    """

    analysis: Analysis
    synthesis: Synthesis
    latent_shape: tuple[int, int, int]
    trunk: tuple[str, ...] = ()

    def init(self, key: Array) -> PyTree:
        """{"analysis", "synthesis", "density"} with fresh weights, float32."""
        keys = jax.random.split(key, 3)
        image = jnp.zeros((1, *self.synthesis.image_shape))
        latent = jnp.zeros((1, *self.latent_shape))
        return {
            "analysis": self.analysis.init(keys[0], image)["params"],
            "synthesis": self.synthesis.init(keys[1], latent)["params"],
            "density": {
                "cumulative": density.init(keys[2], self.latent_shape[-1]),
                "context": context.init(self.latent_shape[-1]),
            },
        }

    def stored(self, params: PyTree) -> PyTree:
        """What of {"analysis", "synthesis", ...} is stored with cues: the parameters of g_s, g_a if it is shared."""
        shared = {ANALYSIS: params["analysis"]} if ANALYSIS in self.trunk else {}
        return params["synthesis"] | shared

    def with_stored(self, params: PyTree, stored: PyTree) -> PyTree:
        """`params` with some of what `stored` returns, by name, in place of its own."""
        of_g_s = {name: leaf for name, leaf in stored.items() if name != ANALYSIS}
        changed = {"synthesis": params["synthesis"] | of_g_s}
        if ANALYSIS in stored:
            changed["analysis"] = stored[ANALYSIS]
        return params | changed

    def separate(self, params: PyTree, images: Array) -> Array:
        """g_a: uint8 [B, H, W, C] -> latents float32 [B, h, w, M]."""
        return cast(
            Array, self.analysis.apply({"params": params}, images.astype(jnp.float32) / 255)
        )

    def complete(self, params: PyTree, latents: Array) -> Array:
        """g_s: latents float32 [B, h, w, M] -> float32 [B, H, W, C] in about [0, 1]."""
        return cast(Array, self.synthesis.apply({"params": params}, latents))

    def in_a_loop(self) -> "Codec":
        """The same codec, whose g_s is differentiated by latents within loops."""
        return dataclasses.replace(self, synthesis=self.synthesis.clone(convolve=convolve))

    def recall(self, params: PyTree, latents: Array) -> Array:
        """What is seen of a cue: float32 [B, h, w, M] -> uint8 [B, H, W, C]."""
        return jnp.round(jnp.clip(self.complete(params, latents), 0, 1) * 255).astype(jnp.uint8)


def build_codec(config: CodecConfig, image_shape: tuple[int, int, int]) -> Codec:
    """The codec for images of shape (H, W, C).

    Args:
        config: the settings, with the number of latent channels resolved.
        image_shape: (H, W, C).

    Raises:
        ValueError: such images have too few pixels for so many stages, or they or their cues too many numbers.
    """
    block = 2**config.num_stages
    height, width = (-(-side // block) for side in image_shape[:2])
    _require_reasonable(config, image_shape, height * width * config.latent_channels)
    # Most weights are there, and what a task's images are like is in the others: the last convolution sees pixels.
    convolutions = [f"Conv_{stage}" for stage in range(config.num_stages)]
    decoder = (*convolutions, "linear", "log_gain")
    trunks = {
        "nothing": (),
        "trunk": tuple(convolutions[:-1]),
        "decoder": decoder,
        "codec": (*decoder, ANALYSIS),
        "all": (*decoder, ANALYSIS),
    }
    return Codec(
        Analysis(config.num_stages, config.analysis_width, config.latent_channels),
        Synthesis(config.num_stages, config.width, image_shape),
        (height, width, config.latent_channels),
        trunks[config.shared],
    )


def _require_reasonable(
    config: CodecConfig, image_shape: tuple[int, int, int], latents: int
) -> None:
    size = "x".join(map(str, image_shape))
    most_stages = max(1, (max(image_shape[:2]) - 1).bit_length())
    if config.num_stages > most_stages:
        raise ValueError(
            f"codec.num_stages={config.num_stages} is impossible for images of {size}: each stage halves the sides, so "
            f"it must be at most {most_stages}"
        )
    if math.prod(image_shape) > MOST_NUMBERS:
        raise ValueError(
            f"images of {size} have {math.prod(image_shape)} numbers; a codec takes at most {MOST_NUMBERS}: "
            "shrink them (image_side)"
        )
    if latents > MOST_LATENTS:
        raise ValueError(
            f"codec.latent_channels={config.latent_channels} makes cues of {latents} latents for images of {size}; at "
            f"most {MOST_LATENTS} are possible: take fewer channels or more codec.num_stages"
        )
