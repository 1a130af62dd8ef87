"""Joint training: everything is remembered, whatever it weighs."""

import jax
import jax.numpy as jnp


def test_its_memory_is_as_large_as_the_data_whatever_the_budget(make_method):
    method = make_method(method="joint", budget_bytes=1)
    memory = jax.eval_shape(method.layout.init, jax.random.key(0)).long_term
    assert memory.images.image.shape == (96, 16, 16, 1)
    assert memory.images.label.dtype == jnp.uint8
