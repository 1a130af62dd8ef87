"""Collective operations over four devices and over one, by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax import collectives

AXIS, DEVICES = "devices", 4


def over_devices(function, *shards):
    """What each of four devices gets."""
    return jax.pmap(function, axis_name=AXIS)(*shards)


def test_devices_share_a_batch_in_order():
    def whole(batch):
        mine = collectives.own_slice(jnp.arange(8), AXIS)
        return collectives.concatenate((batch, mine), AXIS), collectives.global_indices(2, AXIS)

    (batch, mine), indices = over_devices(whole, jnp.arange(8).reshape(DEVICES, 2))
    for device in range(DEVICES):
        assert batch[device].tolist() == mine[device].tolist() == list(range(8))
        assert indices[device].tolist() == [2 * device, 2 * device + 1]


def test_means_totals_and_the_largest_are_the_same_on_every_device():
    tree = {"a": jnp.array([[1.0, 8], [2, 8], [3, 8], [6, 8]]), "b": jnp.array([0.0, 0, 0, 2])}
    mean = over_devices(lambda tree: collectives.mean(tree, AXIS), tree)
    np.testing.assert_allclose(mean["a"], [[3, 8]] * DEVICES)
    np.testing.assert_allclose(mean["b"], [0.5] * DEVICES)
    total = over_devices(lambda tree: collectives.total(tree, AXIS), tree)
    np.testing.assert_allclose(total["a"], [[12, 32]] * DEVICES)
    slot = jnp.array([-1, 7, -1, 3])
    largest = over_devices(lambda x: collectives.maximum(x, AXIS), slot)
    assert largest.tolist() == [7] * DEVICES


def test_all_get_what_the_first_device_has():
    each = over_devices(lambda x: collectives.of_first(x, AXIS), jnp.arange(8).reshape(DEVICES, 2))
    assert each.tolist() == [[0, 1]] * DEVICES
    assert collectives.of_first(jnp.arange(2), None).tolist() == [0, 1]


def test_the_number_of_devices_is_static():
    def counted(x):
        number = collectives.num_devices(AXIS)
        assert isinstance(number, int)
        return x * number

    assert over_devices(counted, jnp.ones(DEVICES)).tolist() == [4] * DEVICES


def test_an_example_has_the_same_key_wherever_it_is():
    key = jax.random.key(5)

    def keys(x):
        del x
        return jax.random.key_data(collectives.example_keys(key, 2, AXIS))

    several = over_devices(keys, jnp.zeros(DEVICES)).reshape(8, -1)
    alone = jax.random.key_data(collectives.example_keys(key, 8, None))
    np.testing.assert_array_equal(several, alone)
    assert len(np.unique(alone, axis=0)) == 8


@pytest.mark.parametrize(
    "function",
    [
        *(collectives.mean, collectives.total, collectives.maximum),
        *(collectives.concatenate, collectives.own_slice),
    ],
)
def test_they_are_the_identity_on_one_device(function):
    x = jnp.arange(6.0)
    assert (function(x, None) == x).all()


def test_one_device_is_the_whole():
    assert collectives.num_devices(None) == 1
    assert collectives.global_indices(3, None).tolist() == [0, 1, 2]
