"""What the methods do beside the common story: one device and two devices agree."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.runtime.devices import Devices


def numbers(leaf) -> np.ndarray:
    is_key = jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
    return np.asarray(jax.random.key_data(leaf) if is_key else leaf)


@pytest.mark.parametrize(
    ("method", "phase"),
    [
        *[("lwf", "replay"), ("lwf", "keep_teacher"), ("ewc", "consolidate"), ("wa", "align")],
        *[("icarl", "class_means"), ("gdumb", "renew"), ("der_pp", "keep_logits")],
    ],
)
def test_one_and_two_devices_agree(method, phase, life_of):
    life, devices = life_of(method), Devices(2)
    state, batch = life.before[1, phase]
    expected, _ = life.steps[phase](state, batch)
    # Donated: no two leaves of what comes out may share a buffer, or the second step fails.
    step = devices.map_step(life.phases[phase])
    found, _ = step(devices.replicate(state), batch)
    kept = jax.tree.map(jnp.copy, found)
    step(found, batch)
    for one, two in zip(jax.tree.leaves(expected), jax.tree.leaves(kept), strict=True):
        one, (first, second) = numbers(one), numbers(two)
        np.testing.assert_array_equal(first, second)
        if one.dtype.kind == "f":
            np.testing.assert_allclose(first, one, rtol=1e-3, atol=1e-5)
        else:
            np.testing.assert_array_equal(first, one)
