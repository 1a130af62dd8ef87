"""One device and four devices: the same samples, the same brain."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax import collectives
from braincl_jax.runtime.devices import Devices
from braincl_jax.sleep.replay import recall_share

NUM_DEVICES, NUM_STEPS = 4, 3
TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def devices():
    return Devices(NUM_DEVICES)


def replicated(state):
    return jax.tree.map(lambda leaf: jnp.stack([leaf] * NUM_DEVICES), state)


def is_key(leaf) -> bool:
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def differing_leaves(state) -> list[str]:
    """Paths of the leaves that are not bit-equal on all devices."""

    def differs(leaf) -> bool:
        data = np.asarray(jax.random.key_data(leaf) if is_key(leaf) else leaf)
        return any(data[0].tobytes() != other.tobytes() for other in data[1:])

    leaves = jax.tree_util.tree_leaves_with_path(state)
    return [jax.tree_util.keystr(path) for path, leaf in leaves if differs(leaf)]


def assert_close(several, one):
    """Integers are equal; floats within a relative error, in the norm of each leaf."""

    def check(path, a, b):
        name = jax.tree_util.keystr(path)
        if is_key(a) or not jnp.issubdtype(a.dtype, jnp.floating):
            assert (a == b).all(), name
        else:
            error = jnp.linalg.norm(a - b) / jnp.maximum(jnp.linalg.norm(b), 1e-3)
            assert error < TOLERANCE, f"{name}: relative error {error}"

    jax.tree_util.tree_map_with_path(check, several, one)


def batches_of(phase: str, stream, config):
    if phase == "replay":
        return [None] * NUM_STEPS
    size = {"encode": config.codec.batch_size, "classify": config.wake.batch_size}
    if phase in size:
        return [
            stream.batch_at(1, batch_size=size[phase], step=step, seed=3)
            for step in range(NUM_STEPS)
        ]
    if phase == "memorise":
        return list(stream.ordered_batches(1, batch_size=config.eval_batch_size))
    return [None]


@pytest.mark.parametrize("phase", ["start", "encode", "memorise", "classify", "transfer", "replay"])
def test_one_and_four_devices_agree(phase, diary, step_of, devices, tiny_stream, tiny_config):
    alone, _ = diary.before[1, phase]
    together = replicated(alone)
    step = devices.map_step(step_of("braincl", phase), diary.parts)
    for batch in batches_of(phase, tiny_stream, tiny_config):
        alone, alone_metrics = diary.steps[phase](alone, batch)
        together, metrics = step(together, batch)
        assert differing_leaves((together, metrics)) == []
        assert_close(devices.first(metrics), alone_metrics)
    assert_close(devices.first(together), alone)


def test_one_and_four_devices_draw_the_same_slots_and_recall_the_same_images(diary, devices):
    state, _ = diary.before[1, "replay"]

    def drawn(state, batch, *, parts, axis_name=None):
        del batch
        recalled, slot = recall_share(state, parts, axis_name)
        return collectives.concatenate((recalled.image, recalled.label, slot), axis_name)

    together = devices.map_reader(drawn, diary.parts)(replicated(state), None)
    alone = jax.jit(functools.partial(drawn, parts=diary.parts))(state, None)
    for one, other in zip(together[1:], alone[1:], strict=True):
        np.testing.assert_array_equal(one, other)
    # A pixel on the edge between two values may be rounded either way.
    assert np.abs(np.int32(together[0]) - np.int32(alone[0])).max() <= 1


@pytest.mark.parametrize("phase", ["encode", "classify"])
def test_without_averaging_the_replicas_drift_apart(
    phase, diary, step_of, devices, tiny_stream, tiny_config, monkeypatch
):
    monkeypatch.setattr(collectives, "mean", lambda tree, axis_name: tree)
    state, _ = diary.before[1, phase]
    step = devices.map_step(step_of("braincl", phase), diary.parts)
    batch = batches_of(phase, tiny_stream, tiny_config)[0]
    state, _ = step(replicated(state), batch)
    assert differing_leaves(state) != []


def test_devices_share_a_batch_in_order(devices):
    def whole(state, batch, *, parts, axis_name):
        del state, parts
        mine = collectives.own_slice(jnp.arange(8), axis_name)
        return (
            collectives.concatenate((batch, mine), axis_name),
            collectives.global_indices(2, axis_name),
            collectives.maximum(batch.max(), axis_name),
        )

    state = jnp.zeros((NUM_DEVICES, 1))
    reader = devices.map_reader(whole, None)  # pyright: ignore
    (batch, mine), first_indices, largest = reader(state, np.arange(8))
    assert batch.tolist() == mine.tolist() == list(range(8))
    assert first_indices.tolist() == [0, 1]
    assert int(largest) == 7


def test_collectives_are_the_identity_on_one_device():
    x = jnp.arange(6.0)
    for function in (collectives.mean, collectives.concatenate, collectives.own_slice):
        assert function(x, None) is x or (function(x, None) == x).all()
    assert collectives.maximum(x, None) is x
    assert collectives.num_devices(None) == 1
    assert collectives.global_indices(3, None).tolist() == [0, 1, 2]


def test_more_devices_than_there_are_is_an_error_with_both_numbers():
    with pytest.raises(ValueError, match=r"num_devices=99.* has 4"):
        Devices(99)


def test_nought_devices_takes_all():
    assert len(Devices(0)) == NUM_DEVICES
