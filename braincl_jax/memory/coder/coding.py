"""Cues to bit strings and back: tables predict each symbol from those before it, rANS writes it down.

A string holds whole rows of a cue, all places of channel 0 first, then those of channel 1, and so on. So while it is
decoded, all that a symbol's context looks at is there already.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from braincl_jax.memory.codec import context
from braincl_jax.memory.codec.context import OWN
from braincl_jax.memory.coder import rans, tables
from braincl_jax.memory.coder.tables import CodingTable
from braincl_jax.types import Array


class Lanes(NamedTuple):
    """Where the string of each lane lies in a block of words, and what it is read by.

    Attributes:
        start: int32 [lanes].
        length: int32 [lanes], in words.
        which: int32 [lanes], the table 0..G-1.
        tag: uint32 [lanes], as given to `encode`.
    """

    start: Array
    length: Array
    which: Array
    tag: Array


def intervals(table: CodingTable, cues: Array, lanes: int) -> tuple[Array, Array]:
    """Where each latent's symbol begins in 0..4095, and its frequency.

    Args:
        table: of one task.
        cues: int32 [N, h, w, M], within the table's window.
        lanes: L, a divisor of h.

    Returns:
        first and frequency, int32 [N * L, M * h * w / L] each, in the order of a string.
    """
    weights = jax.tree.map(lambda x: x.astype(jnp.int32), table.weights)
    expected, scale = context.expect(weights, cues, lanes)
    channel = jnp.broadcast_to(jnp.arange(cues.shape[-1]), cues.shape)
    rows = tables.rows_of(tables.channels_of(table, channel), expected, scale)
    symbols = tables.to_symbols(table, cues)
    first = tables.starts(rows, symbols)
    frequency = tables.starts(rows, symbols + 1) - first
    return _in_order(first, lanes), _in_order(frequency, lanes)


def _in_order(x: Array, lanes: int) -> Array:
    number, _, _, channels = x.shape
    return x.reshape(number * lanes, -1, channels).swapaxes(1, 2).reshape(number * lanes, -1)


def encode(
    table: CodingTable, cues: Array, tag: Array, lanes: int, max_words: int
) -> tuple[Array, Array]:
    """Codes rounded cues.

    Args:
        table: of one task.
        cues: int32 [N, h, w, M]; what is beyond the table's window is clipped.
        tag: uint32 [N * L], 0..65535.
        lanes: L.
        max_words: room for a string.

    Returns:
        As `rans.encode`, for N * L strings.
    """
    clipped = tables.to_cues(table.lowest, tables.to_symbols(table, cues))
    return rans.encode(*intervals(table, clipped, lanes), tag, max_words)


def decode(
    words: Array, strings: Lanes, table: CodingTable, rows: int, width: int
) -> tuple[Array, Array]:
    """Decodes one string for each lane.

    Args:
        words: uint16 [W], the block.
        strings: where they are.
        table: of G tasks, leaves [G, ...].
        rows: of a cue that a string holds, h / L.
        width: w.

    Returns:
        latents int16 [lanes, rows, w, M], and intact bool [lanes].
    """
    lanes, channels = len(strings.start), table.lowest.shape[-1]
    weights = jax.tree.map(lambda x: x.astype(jnp.int32), table.weights)
    triangle = jax.vmap(lambda x: context.lower_triangle(x, channels))
    mean_before, scale_before = triangle(weights.mean_before), triangle(weights.scale_before)
    exists = jnp.asarray(_neighbours_exist(rows, width))

    def decode_channel(carry, channel: Array):
        decoder, latents = carry
        of_lane = tables.channels_of(table, strings.which * channels + channel)
        # What the channels before this one tell of it; later ones are still 0.
        by_mean, by_scale = (x[strings.which, channel].T for x in (mean_before, scale_before))
        known = latents.astype(jnp.int32)
        expected = (by_mean[:, None] * known).sum(0)
        scale = (by_scale[:, None] * jnp.abs(known)).sum(0)
        scale = scale + weights.base[strings.which, channel][None]
        own = tuple(x[strings.which, channel].T for x in (weights.mean_own, weights.scale_own))
        rounds = tables.search_rounds(table.size[:, channel])
        decode_place = functools.partial(_decode_place, words, of_lane, own, rounds, width)
        nothing = jnp.zeros((width + 1, lanes), jnp.int32)
        (decoder, _), decoded = jax.lax.scan(
            decode_place, (decoder, nothing), (expected, scale, exists)
        )
        return (decoder, latents.at[channel].set(decoded.astype(jnp.int16))), None

    nothing = jnp.zeros((channels, rows * width, lanes), jnp.int16)
    (decoder, latents), _ = jax.lax.scan(
        decode_channel, (rans.begin(words, strings.start), nothing), jnp.arange(channels)
    )
    latents = latents.reshape(channels, rows, width, lanes).transpose(3, 1, 2, 0)
    return latents, rans.is_intact(decoder, strings.start, strings.length, strings.tag)


def _decode_place(
    words: Array,
    of_lane: tables.Channels,
    own: tuple[Array, Array],
    rounds: Array,
    width: int,
    carry: tuple[rans.Decoder, Array],
    place: tuple[Array, Array, Array],
) -> tuple[tuple[rans.Decoder, Array], Array]:
    """One latent of each lane, all of the same channel and place.

    Args:
        words: uint16 [W], the block.
        of_lane: the channel in the table of each lane.
        own: weights of the neighbours in the own channel, int32 [4, lanes], for mean and scale.
        rounds: of the search for a symbol.
        width: w.
        carry: where decoding is, and the last w + 1 latents int32 [w + 1, lanes], the newest first.
        place: what other channels tell of mean and scale, int32 [lanes] each, and which neighbours exist, bool [4].

    Returns:
        the carry of the next place, and the latent int32 [lanes].
    """
    decoder, recent = carry
    expected, scale, exists = place
    mean_own, scale_own = own
    for index, (up, left) in enumerate(OWN):
        near = jnp.where(exists[index], recent[up * width + left - 1], 0)
        expected = expected + mean_own[index] * near
        scale = scale + scale_own[index] * jnp.abs(near)
    here = tables.rows_of(of_lane, *context.bounded(expected, scale))
    symbol, first, frequency = tables.find(here, rans.slot(decoder), rounds)
    decoder = rans.advance(words, decoder, first, frequency)
    latent = symbol + of_lane.lowest
    return (decoder, jnp.concatenate([latent[None], recent[:-1]])), latent


def _neighbours_exist(rows: int, width: int) -> np.ndarray:
    """Whether each place has the neighbours of `context.OWN`: bool [rows * w, 4]."""
    y, x = np.divmod(np.arange(rows * width), width)
    return np.stack([(y >= up) & (x >= left) & (x - left < width) for up, left in OWN], axis=-1)
