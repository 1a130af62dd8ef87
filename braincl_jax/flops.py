"""Floating-point operations of a function, counted from its jaxpr: nothing is compiled or run.

Counted are convolutions and matrix products of floats, two operations for each multiplication with its addition, as it
is usual for networks; in a convolution only products with what is really there, not with padding or between dilated
elements. What else a step does (normalisation, augmentation, updates, entropy decoding in integers) is left out: it is
a few percent of a step, and no two compilers agree on it. Nor is what no result depends on.

Unlike the compiler's own count (`Compiled.cost_analysis`), the body of a `scan` counts as often as it is run, and the
figure is the same on all backends, on any number of devices, and in all processes of a run. A `while` has no length
that can be known, and counts once; of a `cond` the most expensive branch counts.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, JaxprEqn
from jax.interpreters.partial_eval import dce_jaxpr


def flops_of(function: Callable[..., Any], *arguments: Any) -> int:
    """Operations of one call.

    Args:
        function: as `jax.jit` takes it; it is traced.
        arguments: arrays, or `jax.ShapeDtypeStruct` of their shapes and dtypes.
    """
    jaxpr = jax.make_jaxpr(function)(*arguments).jaxpr
    needed, _ = dce_jaxpr(jaxpr, [True] * len(jaxpr.outvars))
    return _of_jaxpr(needed)


def _of_jaxpr(jaxpr: Jaxpr) -> int:
    return sum(map(_of_equation, jaxpr.eqns))


def _of_equation(equation: JaxprEqn) -> int:
    name, params = equation.primitive.name, equation.params
    if name in _PRODUCTS:
        result: Any = equation.outvars[0].aval
        is_float = jnp.issubdtype(result.dtype, jnp.floating)
        return 2 * _PRODUCTS[name](equation) if is_float else 0
    inner = [_of_jaxpr(jaxpr) for value in params.values() for jaxpr in _jaxprs(value)]
    if name == "cond":
        return max(inner)
    return params["length"] * sum(inner) if name == "scan" else sum(inner)


def _jaxprs(value: Any) -> Iterator[Jaxpr]:
    """Those that are a parameter of an equation, or in a sequence of them."""
    for one in value if isinstance(value, tuple | list) else (value,):
        if isinstance(one, ClosedJaxpr):
            yield one.jaxpr
        elif isinstance(one, Jaxpr):
            yield one


def _shape(variable: Any) -> tuple[int, ...]:
    return variable.aval.shape


def _in_matrix_product(equation: JaxprEqn) -> int:
    """Multiplications: for each element of the result, as many as there are along what is contracted."""
    (contracted, _), _ = equation.params["dimension_numbers"]
    left, result = _shape(equation.invars[0]), _shape(equation.outvars[0])
    return math.prod(result) * math.prod(left[axis] for axis in contracted)


def _in_convolution(equation: JaxprEqn) -> int:
    """Multiplications: pairs of places, by pairs of channels, by examples."""
    params, result = equation.params, _shape(equation.outvars[0])
    image, kernel = map(_shape, equation.invars)
    of_image, of_kernel, of_result = params["dimension_numbers"]
    pairs = 1
    for axis, (low, _) in enumerate(params["padding"]):
        pairs *= _pairs(
            image[of_image[2 + axis]],
            kernel[of_kernel[2 + axis]],
            result[of_result[2 + axis]],
            stride=params["window_strides"][axis],
            padding=low,
            image_dilation=params["lhs_dilation"][axis],
            kernel_dilation=params["rhs_dilation"][axis],
        )
    examples, channels = result[of_result[0]], result[of_result[1]]
    return pairs * examples * channels * kernel[of_kernel[1]]


def _pairs(
    image: int,
    kernel: int,
    result: int,
    *,
    stride: int,
    padding: int,
    image_dilation: int,
    kernel_dilation: int,
) -> int:
    """Along one axis: how often, over all places of the result, an element of the kernel meets one of the image."""
    place = np.arange(result)[:, None] * stride + np.arange(kernel) * kernel_dilation - padding
    inside = (place >= 0) & (place <= (image - 1) * image_dilation)
    return int((inside & (place % image_dilation == 0)).sum())


_PRODUCTS = {"dot_general": _in_matrix_product, "conv_general_dilated": _in_convolution}
