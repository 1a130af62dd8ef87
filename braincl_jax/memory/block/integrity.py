"""Damage is an error that names what is damaged, never a noise image."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp

from braincl_jax.types import Array

INTACT = -1
# Words that are summed up together.
PIECE = 1 << 16


class CorruptMemoryError(RuntimeError):
    """Something stored failed its integrity check; the message names it."""


def check_intact(corrupt_slot: int) -> None:
    """Raises `CorruptMemoryError` unless `corrupt_slot` is -1."""
    if corrupt_slot != INTACT:
        raise CorruptMemoryError(
            f"slot {corrupt_slot} of long-term memory cannot be recalled: its string, or its task's table or "
            "decoder, is damaged. The results of this run cannot be trusted from here on."
        )


def require_undamaged(damages: Sequence[str]) -> None:
    """Raises `CorruptMemoryError` with all of `damages`, if there is one."""
    if damages:
        raise CorruptMemoryError("long-term memory is damaged: " + "; ".join(damages))


def checksum(words: Array, before: int = 0) -> Array:
    """uint32 scalar of uint16 [n] that changes whenever one word does.

    With `before` words before them, it is what these words add to the checksum of all.

    Multilinear hashing modulo 2^32 (Carter & Wegman 1979; Lemire & Kaser 2014): the sum of all words, each times an
    odd number of its place. A change of one word changes the sum for certain. Changes of several words may cancel:
    so do, once in 2^16, changes of the top bits of two of them.
    """
    size = min(PIECE, len(words))

    def add(index: Array, total: Array) -> Array:
        start = index * size
        # The last piece begins earlier than where the one before it ends.
        at = jnp.minimum(start, len(words) - size)
        piece = jax.lax.dynamic_slice(words, (at,), (size,)).astype(jnp.uint32)
        place = at + jnp.arange(size)
        terms = (piece + 1) * _odd_number(place.astype(jnp.uint32) + jnp.uint32(before + 1))
        return total + jnp.sum(jnp.where(place >= start, terms, 0), dtype=jnp.uint32)

    return jax.lax.fori_loop(0, -(-len(words) // max(size, 1)), add, jnp.uint32(0))


def integrity_tag(label: Array, lane: Array) -> Array:
    """uint32 0..65535 that binds a string to its label and lane (multiplicative hashing, Knuth 6.4)."""
    mixed = (label.astype(jnp.uint32) * 64 + lane.astype(jnp.uint32) + 1) * jnp.uint32(2654435761)
    return mixed >> 16


def _odd_number(place: Array) -> Array:
    """A number for each place, mixed well (the finaliser of MurmurHash3) and made odd."""
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        place = (place ^ (place >> shift)) * jnp.uint32(factor)
    return (place ^ (place >> 16)) | 1
