"""One device and four devices: the same samples, the same brain."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from braincl_jax import collectives, pipeline
from braincl_jax.networks import Network
from braincl_jax.pipeline import Phase
from braincl_jax.prefetch import prefetched_for
from braincl_jax.runtime.devices import Devices
from braincl_jax.sleep import replay_step

NUM_DEVICES, NUM_STEPS, NUM_REPLAY_STEPS = 4, 3, 10
PHASES = ("start", "encode", "memorise", "classify", "transfer", "replay")
TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def devices():
    return Devices(NUM_DEVICES)


@pytest.fixture(scope="module")
def mapped(diary, devices):
    """A phase on four devices, compiled once."""
    return functools.cache(lambda phase: devices.map_step(diary.phases[phase]))


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


@pytest.fixture(scope="module")
def check_agreement(diary, devices, tiny_stream, tiny_config):
    """Fails unless a phase's step on four devices leaves what it leaves on one, step by step, on each of them."""

    def check(phase: str, step) -> None:
        alone, _ = diary.before[1, phase]
        together = replicated(alone)
        for batch in batches_of(phase, tiny_stream, tiny_config):
            alone, alone_metrics = diary.steps[phase](alone, batch)
            together, metrics = step(together, batch)
            assert differing_leaves((together, metrics)) == []
            assert_close(devices.first(metrics), alone_metrics)
        assert_close(devices.first(together), alone)

    return check


@pytest.mark.parametrize("phase", PHASES)
def test_one_and_four_devices_agree(phase, mapped, check_agreement):
    check_agreement(phase, mapped(phase))


def with_network(method, kind):
    """The method with a network of another kind, of the same layers."""
    layers = method.parts.network
    parts = dataclasses.replace(method.parts, network=kind(layers.backbone, layers.head))
    return dataclasses.replace(method, parts=parts)


class Eye(Network):
    """A network that leaves the images that it was shown in the place of its BatchNorm statistics."""

    def features(self, params, batch_stats, images, **settings):
        return super().features(params, batch_stats, images, **settings)[0], images


def test_ten_replay_steps_on_one_and_four_devices_see_the_same_and_learn_the_same(
    diary, devices, mapped
):
    method = with_network(diary.method, Eye)

    def look(state, batch, now, axis_name=None):
        until = state.progress.task + 1
        _, (drawn, _) = prefetched_for(state, now, until, method.parts, method.layout, axis_name)
        after, _ = replay_step(state, batch, now, axis_name, method=method)
        seen = (drawn.task, drawn.slot, after.encoder.batch_stats)
        return state, collectives.concatenate(seen, axis_name)

    def seen(state, batch, *, axis_name=None):
        return Phase("replay", look)(state, batch, axis_name=axis_name)[1]

    on_one, on_four = jax.jit(seen), devices.map_reader(seen)
    alone, _ = diary.before[1, "replay"]
    together = replicated(alone)
    drawn = set()
    for _ in range(NUM_REPLAY_STEPS):
        *sample, images = on_one(alone, None)
        *same_sample, same_images = on_four(together, None)
        for one, other in zip(sample, same_sample, strict=True):
            np.testing.assert_array_equal(one, other)
        # A pixel on the edge between two values may be rounded either way.
        assert np.abs(np.int32(images) - np.int32(same_images)).max() <= 1
        drawn.add(np.asarray(sample[1]).tobytes())
        alone, _ = diary.steps["replay"](alone, None)
        together, _ = mapped("replay")(together, None)
        assert differing_leaves(together) == []
    # As one vector: where a rounding error turns a ReLU on or off, a small leaf may move by more than its share.
    expected, _ = ravel_pytree(alone.encoder.params)
    learned, _ = ravel_pytree(devices.first(together).encoder.params)
    assert jnp.linalg.norm(learned - expected) < TOLERANCE * jnp.linalg.norm(expected)
    start, _ = ravel_pytree(diary.before[1, "replay"].state.encoder.params)
    assert jnp.linalg.norm(expected - start) > 10 * TOLERANCE * jnp.linalg.norm(expected)
    assert len(drawn) == NUM_REPLAY_STEPS, "each step has a sample of its own"


def test_one_and_four_devices_store_the_same_strings(
    diary, devices, mapped, tiny_stream, tiny_config, assert_same
):
    together = replicated(diary.after[1, "encode"])
    for phase in ("memorise", "transfer"):
        for batch in batches_of(phase, tiny_stream, tiny_config):
            together, _ = mapped(phase)(together, batch)
            assert differing_leaves(together) == []
    stored = devices.first(together).memory.long_term
    assert_same(stored, diary.after[1, "transfer"].memory.long_term)
    assert stored.task_counts.tolist() == [48, 48]


def not_averaged(tree, axis_name):
    return tree


def summed_up(tree, axis_name):
    return jax.lax.psum(tree, axis_name)


@pytest.mark.parametrize(
    ("phase", "wrong", "noticed"),
    [
        ("classify", not_averaged, "params"),
        ("classify", summed_up, "relative error"),
        # Adam makes the same step of ten times the gradient: here, more than the step has to tell.
        ("encode", summed_up, "relative error"),
        ("replay", not_averaged, "params"),
    ],
)
def test_wrong_averages_are_noticed(
    phase, wrong, noticed, diary, devices, check_agreement, monkeypatch
):
    step = devices.map_step(diary.phases[phase])
    monkeypatch.setattr(collectives, "mean", wrong)
    with pytest.raises(AssertionError, match=noticed):
        check_agreement(phase, step)


class Unsynchronised(Network):
    """A network whose BatchNorm looks at its own device alone."""

    def features(self, params, batch_stats, images, *, train=False, axis_name=None):
        return super().features(params, batch_stats, images, train=train)


def test_batch_norm_that_is_not_synchronised_is_noticed(diary, devices, check_agreement):
    step = devices.map_step(pipeline.replay(with_network(diary.method, Unsynchronised)))
    with pytest.raises(AssertionError, match="batch_stats"):
        check_agreement("replay", step)
