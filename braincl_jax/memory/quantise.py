"""Decoder weights as they are stored: int8 kernels with a float16 scale per output channel, float16 vectors."""

import jax
import jax.numpy as jnp
from flax import struct

from braincl_jax.types import Array, PyTree


class QuantisedKernel(struct.PyTreeNode):
    """A kernel about equal to `value * scale`.

    Attributes:
        value: int8 [..., out], -127..127.
        scale: float16 [1, ..., 1, out], >= 0.
    """

    value: Array
    scale: Array


def _is_kernel(leaf: object) -> bool:
    return isinstance(leaf, QuantisedKernel)


def quantise(params: PyTree) -> PyTree:
    """Float32 parameters -> stored form; leaves of rank >= 2 become QuantisedKernel, the rest float16."""

    def one(leaf: Array):
        if leaf.ndim < 2:
            return leaf.astype(jnp.float16)
        largest = jnp.abs(leaf).max(tuple(range(leaf.ndim - 1)), keepdims=True)
        # Round the scale first: values are then best for the scale that is stored.
        scale = (largest / 127).astype(jnp.float16)
        divisor = jnp.maximum(scale.astype(jnp.float32), 1e-8)
        value = jnp.clip(jnp.round(leaf / divisor), -127, 127).astype(jnp.int8)
        return QuantisedKernel(value, scale)

    return jax.tree.map(one, params)


def dequantise(stored: PyTree) -> PyTree:
    """Stored form -> float32 parameters."""

    def one(leaf):
        if _is_kernel(leaf):
            return leaf.value.astype(jnp.float32) * leaf.scale.astype(jnp.float32)
        return leaf.astype(jnp.float32)

    return jax.tree.map(one, stored, is_leaf=_is_kernel)
