"""A convolution that can be differentiated by its input within a loop.

On CPUs, XLA takes many times as long for the gradient of a convolution inside a `while` as outside of one
(`experiments.benchmarks.loop_gradient`). Written as a convolution with the turned kernel, it is as fast there.
"""

from typing import Any

import jax
import jax.numpy as jnp

from braincl_jax.types import Array

# Images, kernel and result: NHWC, HWIO, NHWC.
LAYOUT = jax.lax.ConvDimensionNumbers((0, 3, 1, 2), (3, 2, 0, 1), (0, 3, 1, 2))


def _plain(x: Array, kernel: Array) -> Array:
    return jax.lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=LAYOUT)


@jax.custom_vjp
def _same(x: Array, kernel: Array) -> Array:
    return _plain(x, kernel)


def _forwards(x: Array, kernel: Array) -> tuple[Array, tuple[Array, Array]]:
    return _plain(x, kernel), (x, kernel)


def _backwards(known: tuple[Array, Array], cotangent: Array) -> tuple[Array, Array]:
    x, kernel = known
    turned = jnp.flip(kernel, (0, 1)).swapaxes(2, 3)
    _, by_kernel = jax.vjp(lambda kernel: _plain(x, kernel), kernel)
    return _same(cotangent, turned), by_kernel(cotangent)[0]


_same.defvjp(_forwards, _backwards)


def convolve(lhs: Array, rhs: Array, strides: Any, padding: Any, **how: Any) -> Array:
    """In place of `jax.lax.conv_general_dilated` in a `flax.linen.Conv`, of odd sides and without strides.

    Raises:
        ValueError: another kind of convolution.
    """
    plain = (set(strides), padding, how.get("feature_group_count")) == ({1}, "SAME", 1)
    dilated = {*(how.get("lhs_dilation") or ()), *(how.get("rhs_dilation") or ())} - {1}
    if not plain or dilated or not all(side % 2 for side in rhs.shape[:2]):
        raise ValueError(
            f"a convolution of kernel {rhs.shape}, strides {strides}, padding {padding!r} and {how} is another kind: "
            "odd sides, strides of 1 and padding SAME are possible"
        )
    return _same(lhs, rhs)
