"""How long the gradient of g_s by a cue takes inside a loop: as JAX computes it, and as the search for cues does.

Command:   python -m experiments.benchmarks.loop_gradient
Takes:     half a minute on 2 CPU cores.
Expect:    on CPUs, many times as long as XLA's own convolutions inside a loop, and no longer than outside of one as
           `memory.codec.convolution` computes them.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from braincl_jax.config import CodecConfig
from braincl_jax.memory.codec.transforms import Codec, build_codec
from braincl_jax.types import Array, PyTree
from experiments.benchmarks import harness

# The codec of cifar100_20_long.
SETTINGS = CodecConfig(latent_channels=11, width=48, analysis_width=16)
TURNS = 10


def gradient(codec: Codec, params: PyTree, cues: Array) -> Array:
    """Of the mean square of what is recalled, by cues float32 [B, h, w, M]."""
    return jax.grad(lambda cues: jnp.square(codec.complete(params, cues)).mean())(cues)


def outside(codec: Codec, params: PyTree, cues: Array) -> Callable[[], Any]:
    """Takes `TURNS` gradients in as many calls."""
    once = jax.jit(lambda cues: gradient(codec, params, cues))
    return lambda: [once(cues) for _ in range(TURNS)]


def inside(codec: Codec, params: PyTree, cues: Array) -> Callable[[], Any]:
    """Takes as many in a loop."""

    def turn(_: Array, moved: Array) -> Array:
        return moved + gradient(codec, params, moved)

    looped = jax.jit(lambda cues: jax.lax.fori_loop(0, TURNS, turn, cues))
    return lambda: looped(cues)


def main(arguments: Sequence[str] | None = None) -> None:
    line = harness.CommandLine("loop_gradient", __doc__, settings=False)
    line.add_argument("--images", type=int, default=48, help="images of 32x32 at a time")
    line.add_argument("--rounds", type=int, default=20, help="rounds of measuring")
    asked = line.read(arguments)
    codec = build_codec(SETTINGS, (32, 32, 3))
    params = codec.init(jax.random.key(0))["synthesis"]
    cues = jax.random.normal(jax.random.key(1), (asked.images, *codec.latent_shape))
    things = {
        "outside": outside(codec, params, cues),
        "inside": inside(codec, params, cues),
        "inside, as in the search": inside(codec.in_a_loop(), params, cues),
    }
    measured = harness.in_turn(things, asked.rounds)
    found = {
        name: {
            "ms_an_image": 1e3
            * harness.median(measured, lambda one, name=name: one[name])
            / (TURNS * asked.images),
            "of_outside": harness.median(
                measured, lambda one, name=name: one[name] / one["outside"]
            ),
        }
        for name in things
    }
    header = ("gradient", "ms an image", "of outside")
    harness.show(header, [[name, *figures.values()] for name, figures in found.items()])
    harness.publish(asked, {"rounds": asked.rounds, "images": asked.images, "gradients": found})


if __name__ == "__main__":
    main()
