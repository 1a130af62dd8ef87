"""The few collective operations of the steps; each is the identity when `axis_name` is None."""

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from braincl_jax.types import Array, PyTree


def mean(tree: PyTree, axis_name: str | None) -> PyTree:
    """Averages every leaf, all of one floating dtype, over the devices.

    All leaves travel as one vector: each collective is a meeting of all devices, and on CPU a meeting for each leaf
    takes a fifth of a training step.
    """
    if axis_name is None:
        return tree
    vector, unravel = ravel_pytree(tree)
    return unravel(jax.lax.pmean(vector, axis_name))


def maximum(x: Array, axis_name: str | None) -> Array:
    """Largest value over the devices."""
    return x if axis_name is None else jax.lax.pmax(x, axis_name)


def total(tree: PyTree, axis_name: str | None) -> PyTree:
    """Sums every leaf over the devices."""
    return tree if axis_name is None else jax.lax.psum(tree, axis_name)


def concatenate(tree: PyTree, axis_name: str | None) -> PyTree:
    """Shards [B / D, ...] -> whole batch [B, ...], in the order of the devices, on every device."""
    if axis_name is None:
        return tree
    return jax.lax.all_gather(tree, axis_name, axis=0, tiled=True)


def of_first(x: Array, axis_name: str | None) -> Array:
    """What the first device has, on every device: for what each works out alone from floats, in whatever order."""
    return x if axis_name is None else jax.lax.all_gather(x, axis_name)[0]


def num_devices(axis_name: str | None) -> int:
    """D, a static number."""
    return 1 if axis_name is None else jax.lax.axis_size(axis_name)


def global_indices(local_size: int, axis_name: str | None) -> Array:
    """int32 [local_size]: positions in the whole batch of this device's examples."""
    first = 0 if axis_name is None else jax.lax.axis_index(axis_name) * local_size
    return first + jnp.arange(local_size)


def own_slice(tree: PyTree, axis_name: str | None) -> PyTree:
    """This device's share [B / D, ...] of leaves [B, ...] that all devices hold."""

    def one(leaf: Array) -> Array:
        return leaf[global_indices(len(leaf) // num_devices(axis_name), axis_name)]

    return jax.tree.map(one, tree)


def example_keys(key: Array, local_size: int, axis_name: str | None) -> Array:
    """One key per example that depends on its place in the whole batch, not on its device."""
    return jax.vmap(lambda index: jax.random.fold_in(key, index))(
        global_indices(local_size, axis_name)
    )
