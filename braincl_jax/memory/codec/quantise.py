"""Decoder weights as they are stored: kernels in int8 or bfloat16, vectors in float16.

An int8 kernel has a float16 scale for each output channel.
"""

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


def quantise(params: PyTree, storage: str = "int8") -> PyTree:
    """Float32 parameters -> stored form.

    Args:
        params: leaves of rank >= 2 are kernels, the rest becomes float16.
        storage: of kernels, "int8" (they become QuantisedKernel) or "bfloat16".
    """

    def one(leaf: Array):
        if leaf.ndim < 2:
            return leaf.astype(jnp.float16)
        return _to_int8(leaf) if storage == "int8" else leaf.astype(storage)

    return jax.tree.map(one, params)


def _to_int8(kernel: Array) -> QuantisedKernel:
    largest = jnp.abs(kernel).max(tuple(range(kernel.ndim - 1)), keepdims=True)
    # Round the scale first: values are then best for the scale that is stored.
    scale = (largest / 127).astype(jnp.float16)
    divisor = jnp.maximum(scale.astype(jnp.float32), 1e-8)
    value = jnp.clip(jnp.round(kernel / divisor), -127, 127).astype(jnp.int8)
    return QuantisedKernel(value, scale)


def dequantise(stored: PyTree) -> PyTree:
    """Stored form -> float32 parameters."""

    def one(leaf):
        if _is_kernel(leaf):
            return leaf.value.astype(jnp.float32) * leaf.scale.astype(jnp.float32)
        return leaf.astype(jnp.float32)

    return jax.tree.map(one, stored, is_leaf=_is_kernel)
