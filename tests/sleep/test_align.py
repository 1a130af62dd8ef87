"""The head's weights of new classes get the norms of old ones: by hand, and of slow weights too."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.sleep.align import align_step, aligned
from braincl_jax.types import Now

# Columns of length 5, 13, 10, 2 and 7.
KERNEL = jnp.array([[3.0, 5.0, 6.0, 0.0, 7.0], [4.0, 12.0, 8.0, 2.0, 0.0]])
OLD = jnp.array([True, True, False, False, False])
NEW = jnp.array([False, False, True, True, False])


def test_new_classes_get_the_mean_norm_of_old_ones():
    # (5 + 13) / 2 over (10 + 2) / 2.
    expected = np.asarray(KERNEL) * [1, 1, 1.5, 1.5, 1]
    np.testing.assert_allclose(aligned(KERNEL, OLD, NEW), expected, rtol=1e-6)


@pytest.mark.parametrize(("old", "new"), [(OLD & False, OLD), (OLD, NEW & False)])
def test_without_old_or_new_classes_nothing_changes(old, new):
    np.testing.assert_array_equal(aligned(KERNEL, old, new), KERNEL)


def test_after_a_night_the_heads_of_fast_and_slow_weights_are_aligned(life_of):
    state = life_of("wa").before[1, "align"].state
    slow = {"params": state.encoder.params, "batch_stats": state.encoder.batch_stats}
    state = state.replace(encoder=state.encoder.replace(slow=slow))
    new, _ = align_step(state, None, Now(jax.random.key(0), jnp.int32(0), jnp.float32(0)))
    for params in (new.encoder.params, new.encoder.slow["params"]):
        norms = np.linalg.norm(params["head"]["kernel"], axis=0)
        np.testing.assert_allclose(norms[:2].mean(), norms[2:].mean(), rtol=1e-5)
    before = np.linalg.norm(state.encoder.params["head"]["kernel"], axis=0)
    assert abs(before[:2].mean() - before[2:].mean()) > 1e-3
