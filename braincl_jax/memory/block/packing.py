"""Arrays as 16-bit words and back: how decoders and tables lie in the block beside the strings."""

import jax
import jax.numpy as jnp
import numpy as np

from braincl_jax.types import Array, PyTree


def num_words(shapes: PyTree) -> int:
    """Words that `pack` makes of arrays of these shapes and dtypes (an odd last byte takes a word)."""
    sizes = (int(np.prod(leaf.shape)) * leaf.dtype.itemsize for leaf in jax.tree.leaves(shapes))
    return -(-sum(sizes) // 2)


def pack(tree: PyTree) -> Array:
    """The bytes of all leaves (of 1, 2 or 4 bytes an element), end to end, low byte first: uint16 [num_words]."""
    parts = [_to_bytes(leaf) for leaf in jax.tree.leaves(tree)]
    joined = jnp.concatenate(parts)
    joined = jnp.pad(joined, (0, len(joined) % 2))
    return jax.lax.bitcast_convert_type(joined.reshape(-1, 2), jnp.uint16)


def unpack(words: Array, shapes: PyTree) -> PyTree:
    """Inverse of `pack`.

    Args:
        words: uint16 [num_words].
        shapes: tree of arrays or `jax.ShapeDtypeStruct`.
    """
    octets = jax.lax.bitcast_convert_type(words, jnp.uint8).reshape(-1)
    leaves, structure = jax.tree.flatten(shapes)
    ends = np.cumsum([int(np.prod(leaf.shape)) * leaf.dtype.itemsize for leaf in leaves])
    pieces = jnp.split(octets[: int(ends[-1])], ends[:-1])
    return structure.unflatten(
        [_from_bytes(piece, leaf) for piece, leaf in zip(pieces, leaves, strict=True)]
    )


def _to_bytes(leaf: Array) -> Array:
    return jax.lax.bitcast_convert_type(leaf, jnp.uint8).reshape(-1)


def _from_bytes(octets: Array, like: Array) -> Array:
    size = like.dtype.itemsize
    shape = like.shape if size == 1 else (*like.shape, size)
    return jax.lax.bitcast_convert_type(octets.reshape(shape), like.dtype)
