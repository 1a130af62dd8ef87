"""Integer tables: what the entropy coder uses in place of the float density.

A table is made once, from the trained density and context, and stored. Coding and decoding see only its integers,
hence the same bits on every device and version. It holds each channel's cumulative function at 33 knots; where a latent
is expected, and how far off it may be, shift and stretch that function, which is read between the knots by linear
interpolation.
"""

import jax
import jax.numpy as jnp
from flax import struct

from braincl_jax.memory.codec import context, density
from braincl_jax.memory.codec.context import UNIT, Weights
from braincl_jax.types import Array, PyTree

PRECISION = 12
TOTAL = 1 << PRECISION
# Symbols that a channel may have at most, as a byte can count them; cues beyond its window are clipped.
MAX_SYMBOLS = 255
# Symbols on either side of those that a table was made for, where it is for later tasks too.
LEAST_ROOM = 2
# Knots of a channel lie at equal distances on both sides of the median, as far out as its reach.
KNOTS = 33
KNOT_SCALE = (1 << 16) - 1
# Beyond the reach lies less than a unit of frequency. It is counted in 1/8 of the scale.
REACH_BITS, LONGEST_REACH = 3, 255
TAIL = 1 / TOTAL
# Bits of a step between knots, and of a place between two knots.
STEP_BITS, FRACTION_BITS = 19, 8
HALF_RANGE = (KNOTS // 2) << STEP_BITS


class CodingTable(struct.PyTreeNode):
    """One task's table, or those of several with a leading axis.

    Attributes:
        knots: uint16 [..., M, 33], 65535 times the cumulative function, from -reach to reach.
        reach: uint8 [..., M], in 1/8 of the scale, at least 1.
        lowest: int8 [..., M]; the latent value that symbol 0 stands for.
        size: uint8 [..., M]; symbols of the channel, at least 1.
        weights: of the context; means int8, the rest uint8.
    """

    knots: Array
    reach: Array
    lowest: Array
    size: Array
    weights: Weights


class Channels(struct.PyTreeNode):
    """What is known of latents by their channel, in arrays that broadcast against each other.

    Attributes:
        steps: uint32 [any], of all channels: 32 for each, a knot and, in the upper half, the one after it.
        offset: int32, where the channel's steps begin.
        reach, lowest, size: int32, as in `CodingTable`.
    """

    steps: Array
    offset: Array
    reach: Array
    lowest: Array
    size: Array


class Rows(struct.PyTreeNode):
    """Channels, and how latents of them are read in their context.

    Attributes:
        channels: theirs.
        below: int32, from the lower end of the reach to the lower edge of symbol 0, in 1/64.
        span: int32, from the median to the end of the reach, in 1/64, at least 1.
        slope: int32, what a distance of 1/64 is in the fixed-point numbers that count knots.
    """

    channels: Channels
    below: Array
    span: Array
    slope: Array


def init(num_channels: int) -> CodingTable:
    """A table of zeros, which decodes nothing."""
    zeros = jax.tree.map(jnp.zeros_like, integer_weights(context.init(num_channels)))
    return CodingTable(
        knots=jnp.zeros((num_channels, KNOTS), jnp.uint16),
        reach=jnp.zeros(num_channels, jnp.uint8),
        lowest=jnp.zeros(num_channels, jnp.int8),
        size=jnp.zeros(num_channels, jnp.uint8),
        weights=zeros,
    )


def integer_weights(params: PyTree) -> Weights:
    """The context's weights as they are stored."""
    kinds = Weights(jnp.int8, jnp.int8, jnp.uint8, jnp.uint8, jnp.uint8)
    return jax.tree.map(lambda x, kind: x.astype(kind), context.weights(params), kinds)


def build(params: PyTree, cues: Array, valid: Array) -> CodingTable:
    """One task's table, from its trained density and context, with symbols for the range that its cues use.

    Where a channel's cues span more than 255 values, the window lies in the middle and the cues beyond it must be
    clipped (`to_symbols` does).

    Args:
        params: {"cumulative", "context"}.
        cues: int32 [N, h, w, M], rounded.
        valid: bool [N], which cues are there.
    """
    return build_for(params, *extent(cues, valid))


def extent(cues: Array, valid: Array) -> tuple[Array, Array]:
    """Lowest and highest latent of each channel, int32 [M] each, of cues as in `build`; 127 and -128 of none."""
    there = valid[:, None, None, None]
    low = jnp.where(there, cues, 127).min((0, 1, 2))
    return low, jnp.where(there, cues, -128).max((0, 1, 2))


def build_for(params: PyTree, low: Array, high: Array) -> CodingTable:
    """`build` for cues of the extent `low` and `high`, int32 [M] each."""
    low, high = jnp.minimum(low, 127), jnp.maximum(jnp.maximum(high, low), -128)
    middle = (low + high) // 2 - MAX_SYMBOLS // 2
    lowest = jnp.clip(jnp.where(high - low < MAX_SYMBOLS, low, middle), -128, 127)
    size = jnp.clip(high - lowest + 1, 1, MAX_SYMBOLS)
    reach = reaches(params["cumulative"], len(lowest))
    places = jnp.linspace(-1, 1, KNOTS)[:, None] * reach[None] / (1 << REACH_BITS)
    cumulative = jax.nn.sigmoid(density.cumulative_logits(params["cumulative"], places))
    # It increases, but for floats: whatever they do, no symbol may begin after the next one.
    knots = jax.lax.cummax(jnp.round(KNOT_SCALE * cumulative), axis=0)
    return CodingTable(
        knots=knots.T.astype(jnp.uint16),
        reach=reach.astype(jnp.uint8),
        lowest=lowest.astype(jnp.int8),
        size=size.astype(jnp.uint8),
        weights=integer_weights(params["context"]),
    )


def with_room(low: Array, high: Array) -> tuple[Array, Array]:
    """An extent of twice the width, or of 4 more, around that of `low` and `high`, int32 [M] each: for cues to come.

    A symbol that is never used takes 1/4096 from all others. Where there are no cues there is no room either.
    """
    room = jnp.where(high < low, 0, jnp.maximum((high - low + 1) // 2, LEAST_ROOM))
    return low - room, high + room


def reaches(params: PyTree, num_channels: int) -> Array:
    """int32 [M], in 1/8: how far from the median the tails of a density become negligible."""
    distance = jnp.arange(1, LONGEST_REACH)[:, None] / (1 << REACH_BITS)
    sides = jnp.broadcast_to(distance, (len(distance), num_channels))
    inside = [
        jax.nn.sigmoid(sign * density.cumulative_logits(params, sign * sides)) < 1 - TAIL
        for sign in (-1.0, 1.0)
    ]
    return 1 + jnp.maximum(*(one.sum(0) for one in inside))


def channels_of(table: CodingTable, which: Array) -> Channels:
    """Of one or several tasks' tables, the channels `which` (int32), counted through all tasks: `task * M + m`."""
    reach, lowest, size = (
        x.reshape(-1)[which].astype(jnp.int32) for x in (table.reach, table.lowest, table.size)
    )
    knots = table.knots.astype(jnp.uint32)
    steps = knots[..., :-1] | (knots[..., 1:] << 16)
    return Channels(steps.reshape(-1), which * (KNOTS - 1), reach, lowest, size)


def rows_of(channels: Channels, expected: Array, scale: Array) -> Rows:
    """How latents are read that are expected at `expected`, give or take `scale`: int32, in 1/64, `bounded`."""
    span = jnp.maximum((channels.reach * scale) >> REACH_BITS, 1)
    below = UNIT * channels.lowest - UNIT // 2 - expected + span
    # Both are positive: no need to pay for a division that rounds down.
    return Rows(channels, below, span, jax.lax.div(jnp.full_like(span, HALF_RANGE), span))


def starts(rows: Rows, symbol: Array) -> Array:
    """Where a symbol begins in 0..4096, int32; symbols beyond the last one begin at 4096.

    Every symbol of the channel gets at least one unit, so that whatever is in the window can be coded.
    """
    channels = rows.channels
    place = jnp.clip(rows.below + UNIT * symbol, 0, 2 * rows.span) * rows.slope
    knot = jnp.minimum(place >> STEP_BITS, KNOTS - 2)
    fraction = (place - (knot << STEP_BITS)) >> (STEP_BITS - FRACTION_BITS)
    step = channels.steps.at[channels.offset + knot].get(mode="promise_in_bounds")
    left, right = (step & KNOT_SCALE).astype(jnp.int32), (step >> 16).astype(jnp.int32)
    cumulative = left + (((right - left) * fraction) >> FRACTION_BITS)
    start = symbol + (((TOTAL - channels.size) * cumulative) >> 16)
    return jnp.where(symbol <= 0, 0, jnp.where(symbol >= channels.size, TOTAL, start))


def search_rounds(size: Array) -> Array:
    """How often a range of symbols is halved until one is left, int32 scalar, if there are at most max(size)."""
    halves = 1 << jnp.arange((MAX_SYMBOLS - 1).bit_length())
    return (size.max().astype(jnp.int32) > halves).sum()


def find(rows: Rows, slot: Array, rounds: Array) -> tuple[Array, Array, Array]:
    """The symbol that `slot` (int32, 0..4095) belongs to, where it begins, and its frequency: int32 each.

    A search by halves takes `rounds`, from `search_rounds`. On GPUs all symbols are looked at together: a loop whose
    length is known to the device alone makes the host wait in every round.
    """
    return jax.lax.platform_dependent(
        rows, slot, rounds, cuda=_find_at_once, rocm=_find_at_once, default=_find_by_halves
    )


def _find_by_halves(rows: Rows, slot: Array, rounds: Array) -> tuple[Array, Array, Array]:
    # A loop, since XLA on CPUs would compute early rounds of the search anew in every later one.
    def halve(step: Array, found: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        symbol, first, end = found
        middle = symbol + (1 << (rounds - 1 - step))
        start = starts(rows, middle)
        upper = start <= slot
        return (
            jnp.where(upper, middle, symbol),
            jnp.where(upper, start, first),
            jnp.where(upper, end, start),
        )

    nothing = jnp.zeros_like(slot)
    symbol, first, end = jax.lax.fori_loop(0, rounds, halve, (nothing, nothing, nothing + TOTAL))
    return symbol, first, end - first


def _find_at_once(rows: Rows, slot: Array, rounds: Array) -> tuple[Array, Array, Array]:
    del rounds
    start = jax.vmap(lambda symbol: jnp.broadcast_to(starts(rows, symbol), slot.shape))(
        jnp.arange(MAX_SYMBOLS)
    )
    before = start <= slot[None]
    first = jnp.where(before, start, 0).max(0)
    end = jnp.where(before, TOTAL, start).min(0)
    return before.sum(0) - 1, first, end - first


def to_symbols(table: CodingTable, cues: Array) -> Array:
    """int32 cues [..., M] -> symbols int32 [..., M], clipped to the table's window."""
    lowest, size = (
        jnp.broadcast_to(x.astype(jnp.int32), cues.shape) for x in (table.lowest, table.size)
    )
    return jnp.clip(cues - lowest, 0, size - 1)


def to_cues(lowest: Array, symbols: Array) -> Array:
    """Symbols int32 [..., M] -> cues int32 [..., M]; `lowest` int8 broadcasts to the symbols."""
    return symbols + jnp.broadcast_to(lowest.astype(jnp.int32), symbols.shape)
