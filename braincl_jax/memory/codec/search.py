"""Search: of all cues near that of g_a, one that recalls its image better for as many bits.

g_a answers for all images at once, and its latents are rounded without regard to what they are rounded for. For each
image by itself there is a better cue (Campos et al. 2019, arXiv 1906.01223; Yang, Bamler & Mandt 2020, arXiv
2006.04240). Gradients passed straight through the rounding find worse ones, so it is searched for among whole numbers,
as in rate-distortion optimised quantisation: in each round, the moves by 1 that promise most, by a quadratic model of
the error, are tried together, and kept if the loss has really fallen. The decoder knows nothing of it.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from braincl_jax.memory.codec import context, density
from braincl_jax.memory.codec.context import UNIT
from braincl_jax.memory.codec.transforms import Codec
from braincl_jax.types import Array, PyTree

# Moves that are tried together: at first, and at most.
FIRST_MOVES, MOST_MOVES = 16, 32
# Every other latent is left out of a round, by chance: so moves that were no good together are not tried so again.
SHARE_TRIED = 0.5


class Loss(NamedTuple):
    """Of one image, what `wake.encode` trains a codec for, with the bits of rounded cues.

    Attributes:
        codec: its networks, `Codec.in_a_loop`.
        params: {"synthesis", "density"}.
        recall_error: see `CueLayout`.
        image: uint8 [H, W, C].
        tradeoff: lambda, float32 scalar.
        lanes: L, strings of a cue.
    """

    codec: Codec
    params: PyTree
    recall_error: Callable[[Array, Array], Array]
    image: Array
    tradeoff: Array
    lanes: int

    def error(self, cue: Array) -> Array:
        """Lambda times the recall error of a cue, float32 [h, w, M]: float32 scalar."""
        recalled = self.codec.complete(self.params["synthesis"], cue[None])
        real = self.image[None].astype(jnp.float32) / 255
        return self.tradeoff * 255**2 * self.recall_error(real, recalled)[0]

    def rates(self, cue: Array, known: Array, moved: float = 0.0) -> Array:
        """Bits of each latent, moved, by the pixel: float32 [h, w, M].

        Args:
            cue: float32 [h, w, M].
            known: the same numbers, as the context of others.
            moved: what each of them is moved by, while its context stays.
        """
        weights = context.weights(self.params["density"]["context"])
        expected, scale = context.expect(weights, known[None], self.lanes)
        bits = density.bits(
            self.params["density"]["cumulative"], cue[None] + moved, expected / UNIT, scale / UNIT
        )
        height, width, _ = self.image.shape
        return bits[0] / (height * width)

    def __call__(self, cue: Array) -> Array:
        """Of a cue of whole numbers: float32 scalar."""
        return self.error(cue) + self.rates(cue, cue).sum()


def searched(loss: Loss, cue: Array, key: Array, rounds: int) -> Array:
    """A cue whose loss is not higher than that of `cue`, float32 [h, w, M] of whole numbers both.

    Args:
        loss: of the image.
        cue: where the search begins.
        key: PRNG key.
        rounds: how many.
    """
    curvature = curvature_of(loss, cue, jax.random.fold_in(key, rounds))

    def one_round(index: Array, found: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        cue, lowest, moves = found
        promised, direction = promises(loss, cue, curvature)
        tried = jax.random.bernoulli(jax.random.fold_in(key, index), SHARE_TRIED, cue.shape)
        promised = jnp.where(tried, promised, 0)
        best, _ = jax.lax.top_k(-promised.reshape(-1), min(MOST_MOVES, promised.size))
        chosen = (promised < 0) & (-promised >= best[moves - 1])
        moved = jnp.where(chosen, cue + direction, cue)
        now = loss(moved)
        better = now < lowest
        more, fewer = moves + moves // 4 + 1, moves // 2
        return (
            jnp.where(better, moved, cue),
            jnp.where(better, now, lowest),
            jnp.clip(jnp.where(better, more, fewer), 1, len(best)),
        )

    few = jnp.int32(min(FIRST_MOVES, cue.size))
    cue, _, _ = jax.lax.fori_loop(0, rounds, one_round, (cue, loss(cue), few))
    return cue


def promises(loss: Loss, cue: Array, curvature: Array) -> tuple[Array, Array]:
    """By how much the loss would fall, below 0, if a latent were moved by 1 alone, and which way: [h, w, M] each.

    What it costs itself is exact. What it costs later ones, whose context it is, goes by the slope; the recall error by
    slope and curvature (float32 [M]).
    """
    slope = jax.grad(loss.error)(cue)
    rates, slopes = jax.vjp(lambda known: loss.rates(cue, known), cue)
    (slope_of_others,) = slopes(jnp.ones_like(rates))
    down, up = (
        moved * (slope + slope_of_others)
        + curvature[None, None] / 2
        + loss.rates(cue, cue, moved)
        - rates
        for moved in (-1.0, 1.0)
    )
    return jnp.minimum(down, up), jnp.where(down < up, -1.0, 1.0)


def curvature_of(loss: Loss, cue: Array, key: Array) -> Array:
    """Second derivative of the error by a latent, float32 [M], means over places (Hutchinson's estimate)."""
    signs = jax.random.rademacher(key, cue.shape, jnp.float32)
    bent = jax.grad(lambda cue: (signs * jax.grad(loss.error)(cue)).sum())(cue)
    return (signs * bent).mean((0, 1))
