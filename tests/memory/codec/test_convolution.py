"""The convolution for loops: what JAX computes, once and twice differentiated, and nothing else."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from braincl_jax.memory.codec.convolution import convolve


def modules(**settings):
    return [
        nn.Conv(5, (3, 3), conv_general_dilated=one, **settings)
        for one in (jax.lax.conv_general_dilated, convolve)
    ]


def test_results_and_gradients_are_those_of_jax():
    theirs, ours = modules()
    x = jax.random.normal(jax.random.key(0), (2, 6, 7, 3))
    params = theirs.init(jax.random.key(1), x)

    def total(module):
        return lambda x, params: jnp.sin(module.apply(params, x)).sum()

    np.testing.assert_array_equal(ours.apply(params, x), theirs.apply(params, x))
    found, wanted = (
        jax.jit(jax.grad(total(one), argnums=(0, 1)))(x, params) for one in (ours, theirs)
    )
    for mine, other in zip(*map(jax.tree.leaves, (found, wanted)), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-5, atol=1e-5)


def test_it_can_be_differentiated_twice_by_its_input():
    _, ours = modules()
    x = jax.random.normal(jax.random.key(0), (1, 4, 4, 2))
    params = ours.init(jax.random.key(1), x)
    check_grads(
        lambda x: jnp.sin(jnp.asarray(ours.apply(params, x))).sum(),
        (x,),
        order=2,
        modes=["rev"],
        rtol=2e-2,
    )


@pytest.mark.parametrize(
    "other",
    [{"strides": 2}, {"padding": "VALID"}, {"kernel_dilation": 2}, {"feature_group_count": 5}],
)
def test_other_kinds_of_convolution_are_refused(other):
    _, ours = modules(**other)
    with pytest.raises(ValueError, match="is another kind: odd sides"):
        ours.init(jax.random.key(1), jnp.zeros((1, 6, 6, 5)))
