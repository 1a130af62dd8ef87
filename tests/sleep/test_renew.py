"""A new network: weights, statistics, optimiser, slow weights."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.build import init_brain
from braincl_jax.sleep.renew import renew_step
from braincl_jax.state import Consolidation
from braincl_jax.types import Now


@pytest.fixture(scope="module")
def renewed(short):
    """(a state whose numbers are all 5, the same with a new network, the new network's parameters and statistics)."""
    method = short("gdumb", slow_decay=0.9)
    state = jax.eval_shape(lambda: init_brain(method, jax.random.key(0)))
    fives = jax.tree.map(
        lambda leaf: (
            jax.random.key(5)
            if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
            else jnp.full(leaf.shape, 5, leaf.dtype)
        ),
        state,
    )
    now = Now(jax.random.key(3), jnp.int32(0), jnp.float32(0))
    new, _ = renew_step(fives, None, now, parts=method.parts)
    return fives, new, method.parts.network.init(now.key, (4, 4, 1))


def test_the_network_is_that_of_the_key(renewed, assert_same):
    _, new, (params, batch_stats) = renewed
    assert_same((new.encoder.params, new.encoder.batch_stats), (params, batch_stats))
    assert_same(new.encoder.slow, {"params": params, "batch_stats": batch_stats})


def test_the_optimiser_has_no_momentum_and_no_class_a_loss(renewed):
    _, new, _ = renewed
    assert not any(leaf.any() for leaf in jax.tree.leaves(new.encoder.sleep_opt))
    np.testing.assert_array_equal(new.consolidation.class_loss, Consolidation.initial(4).class_loss)


def test_memory_and_progress_stay(renewed, assert_same):
    old, new, _ = renewed
    assert_same((new.memory, new.progress, new.own), (old.memory, old.progress, old.own))
    assert_same(new.consolidation.seen_classes, old.consolidation.seen_classes)
