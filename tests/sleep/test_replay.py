"""The replay step in parts: the same sample, the same gradient."""

import dataclasses
import functools
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from braincl_jax import pipeline
from braincl_jax.networks import Network, build_network
from braincl_jax.prefetch import nothing_prefetched
from braincl_jax.runtime.devices import Devices
from braincl_jax.sleep import class_balanced
from braincl_jax.sleep.by_need import ByNeed
from braincl_jax.sleep.replay import accumulated, moved_class_loss, with_slow_weights
from braincl_jax.state import Encoder

TOLERANCE = 1e-5


class Plain(nn.Module):
    """A backbone without BatchNorm: here an image does not depend on the others of its part."""

    @nn.compact
    def __call__(self, x, *, train: bool, axis_name: str | None = None):
        del train, axis_name
        return nn.tanh(nn.Conv(4, (3, 3), (2, 2))(x)).mean((1, 2))


@pytest.fixture(scope="module")
def plain(diary):
    """(method, state on the verge of a replay step) of a brain without BatchNorm."""
    parts = diary.method.parts
    network = Network(Plain(), nn.Dense(parts.spec.num_classes))
    params, batch_stats = network.init(jax.random.key(1), parts.spec.image_shape)
    state, _ = diary.before[1, "replay"]
    encoder = state.encoder.replace(
        params=params, batch_stats=batch_stats, sleep_opt=parts.sleep_optimiser.init(params)
    )
    return with_parts(diary.method, network=network), state.replace(encoder=encoder)


def with_parts(method, **changes: Any):
    """The method with other parts."""
    return dataclasses.replace(method, parts=dataclasses.replace(method.parts, **changes))


def in_parts(method, number: int):
    config = method.parts.config
    sleep = dataclasses.replace(config.sleep, accumulate=number)
    return with_parts(method, config=dataclasses.replace(config, sleep=sleep))


def learned(method, state):
    """The state and metrics after one step, and the augmented images of each part."""
    pieces = []

    def augment(keys, images):
        images = method.parts.augment(keys, images)
        jax.debug.callback(lambda part: pieces.append(np.array(part)), images, ordered=True)
        return images

    watched = with_parts(method, augment=augment)
    state, metrics = jax.jit(pipeline.replay(watched))(state, None)
    jax.effects_barrier()
    return state, metrics, pieces


@pytest.fixture(scope="module")
def at_once(plain):
    """What `learned` says of the brain without BatchNorm."""
    return learned(*plain)


def assert_close(one, other):
    """Floats within a relative error, in the norm of each leaf."""

    def check(path, a, b):
        error = jnp.linalg.norm(a - b) / jnp.maximum(jnp.linalg.norm(b), 1e-3)
        assert error < TOLERANCE, f"{jax.tree_util.keystr(path)}: relative error {error}"

    jax.tree_util.tree_map_with_path(check, one, other)


@pytest.mark.parametrize("number", [2, 4])
def test_a_step_in_parts_sees_the_same_images_and_has_the_same_gradient(number, plain, at_once):
    method, state = plain
    whole_step, metrics, (whole,) = at_once
    in_turn, its_metrics, pieces = learned(in_parts(method, number), state)
    assert [len(images) for images in pieces] == [16 // number] * number
    groups = whole.reshape(method.parts.config.sleep.num_groups, -1, *whole.shape[1:])
    for part, images in enumerate(pieces):
        np.testing.assert_array_equal(images, np.concatenate(groups[part::number]))
    # The first step of SGD with momentum keeps the gradient as it is.
    assert_close(in_turn.encoder.sleep_opt, whole_step.encoder.sleep_opt)
    assert_close(in_turn.encoder.params, whole_step.encoder.params)
    assert_close(its_metrics["loss"], metrics["loss"])
    assert its_metrics["accuracy"] == metrics["accuracy"]
    assert in_turn.consolidation.examples["sleep"] == whole_step.consolidation.examples["sleep"]


def test_batch_norm_statistics_move_by_the_mean_over_the_parts(diary):
    state, _ = diary.before[1, "replay"]
    moved, _, pieces = learned(in_parts(diary.method, 2), state)
    train = functools.partial(diary.method.parts.network.features, train=True)
    each = [
        jax.jit(train)(state.encoder.params, state.encoder.batch_stats, part)[1] for part in pieces
    ]
    assert_close(moved.encoder.batch_stats, jax.tree.map(lambda a, b: (a + b) / 2, *each))


def test_parts_on_two_devices_are_parts_of_each_share(plain, at_once):
    method, state = plain
    alone, _, _ = at_once
    devices = Devices(2)
    step = devices.map_step(pipeline.replay(in_parts(method, 2)))
    together, metrics = step(jax.tree.map(lambda leaf: jnp.stack([leaf] * 2), state), None)
    assert_close(devices.first(together).encoder.params, alone.encoder.params)
    assert int(devices.first(metrics)["corrupt_slot"]) == -1


def test_batch_norm_takes_the_same_parts_on_any_number_of_devices(diary):
    state, _ = diary.before[1, "replay"]
    method, devices = in_parts(diary.method, 2), Devices(2)
    alone, _, _ = learned(method, state)
    step = devices.map_step(pipeline.replay(method))
    together, _ = step(jax.tree.map(lambda leaf: jnp.stack([leaf] * 2), state), None)
    assert_close(devices.first(together).encoder, alone.encoder)


def test_a_corrupt_slot_in_any_part_is_reported():
    def learn(value, slot):
        return {"mean": value.mean()}, slot.max()

    value, slot = jnp.arange(4.0), jnp.array([-1, 7, -1, -1])
    for number in (1, 2, 4):
        means, largest = accumulated(learn, (value, slot), number)
        assert float(means["mean"]) == 1.5
        assert int(largest) == 7


def test_replay_in_bfloat16_learns_and_keeps_float32(diary):
    spec = diary.method.parts.spec
    network = build_network("resnet8(width=4, dtype='bfloat16')", spec.num_classes)
    before, _ = diary.before[1, "replay"]
    state, metrics, _ = learned(with_parts(diary.method, network=network), before)
    exact, exact_metrics = diary.steps["replay"](before, None)

    def kinds(tree):
        return jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), tree)

    assert kinds((state, metrics)) == kinds((exact, exact_metrics))
    assert float(metrics["loss"]) == pytest.approx(float(exact_metrics["loss"]), rel=0.05)
    moved, expected = (
        ravel_pytree(jax.tree.map(jnp.subtract, one.encoder.params, before.encoder.params))[0]
        for one in (state, exact)
    )
    cosine = moved @ expected / (jnp.linalg.norm(moved) * jnp.linalg.norm(expected))
    assert 0.98 < cosine < 1


def test_the_running_loss_of_a_class_moves_by_what_its_examples_cost():
    moved = moved_class_loss(
        jnp.array([2.0, 1.0, 3.0]), jnp.array([0.5, 0.0, 0.6]), jnp.array([0.5, 0.0, 0.1])
    )
    # Means of 1 and 6; class 1 was not replayed.
    np.testing.assert_allclose(moved, [0.95 * 2 + 0.05, 1, 0.95 * 3 + 0.05 * 6], rtol=1e-6)


def test_a_night_keeps_the_losses_of_the_classes_that_it_replays(diary):
    state = diary.after[0, "transfer"]
    before = state.consolidation.class_loss
    np.testing.assert_allclose(before, np.log(4), rtol=1e-6)
    after = diary.steps["replay"](state, None)[0].consolidation
    assert (after.class_loss != before).tolist() == [True, True, False, False]
    np.testing.assert_array_equal(after.drawn_by, before)


def test_what_is_drawn_together_is_drawn_by_one_loss_however_often_it_is_drawn(diary, assert_same):
    """A sampler that looks at the losses, and a night that is resumed between two draws."""
    method = with_parts(diary.method, sampler=ByNeed(exponent=1.0))
    state, _ = diary.before[1, "replay"]
    step = jax.jit(pipeline.replay(method))
    for _ in range(2):
        state, _ = step(state, None)
    nothing = nothing_prefetched(method.parts, method.layout, state.memory)
    resumed = state.replace(memory=state.memory.replace(prefetched=nothing))
    assert (state.consolidation.class_loss != state.consolidation.drawn_by).any()
    assert_same(step(resumed, None)[0], step(state, None)[0])


def test_weights_count_in_the_mean_of_the_losses(plain, at_once):
    method, state = plain

    def weighted(key, index, num_classes, num_groups, group_size):
        drawn = class_balanced(key, index, num_classes, num_groups, group_size)
        return drawn._replace(weight=jnp.full(drawn.slot.shape, 3.0))

    heavy, metrics, _ = learned(with_parts(method, sampler=weighted), state)
    light, its_metrics, _ = at_once
    np.testing.assert_allclose(metrics["loss"], 3 * its_metrics["loss"], rtol=1e-5)
    # What a class has cost is what it has cost.
    assert_close(heavy.consolidation.class_loss, light.consolidation.class_loss)


def test_slow_weights_follow_the_fast_ones_faster_at_the_beginning_of_a_night():
    def followed(step: int) -> float:
        encoder = Encoder(jnp.float32(1), jnp.float32(1), None, None)
        encoder = encoder.replace(slow={"params": jnp.float32(0), "batch_stats": jnp.float32(0)})
        slow = with_slow_weights(encoder, jnp.int32(step), 0.9).slow
        assert slow["params"] == slow["batch_stats"]
        return float(slow["params"])

    # (1 + step) / (10 + step) stays of them, at most 0.9.
    np.testing.assert_allclose(
        [followed(0), followed(8), followed(500)], [0.9, 0.5, 0.1], rtol=1e-6
    )


def test_without_slow_weights_nothing_follows():
    encoder = Encoder(jnp.float32(1), jnp.float32(1), None, None)
    assert with_slow_weights(encoder, jnp.int32(0), 0.9) is encoder


def test_a_night_with_slow_weights_leaves_the_fast_ones_as_they_are(diary, assert_same):
    """What is evaluated is another thing; what learns is the same."""
    config = diary.method.parts.config
    slow = dataclasses.replace(config, sleep=dataclasses.replace(config.sleep, slow_decay=0.5))
    method = with_parts(diary.method, config=slow)
    state = diary.after[0, "transfer"]
    fast = {"params": state.encoder.params, "batch_stats": state.encoder.batch_stats}
    ours, _ = jax.jit(pipeline.replay(method))(
        state.replace(encoder=state.encoder.replace(slow=fast)), None
    )
    its, _ = diary.steps["replay"](state, None)
    assert_close(ours.encoder.params, its.encoder.params)
    # Of the first step a tenth stays.
    expected = jax.tree.map(lambda a, b: 0.1 * a + 0.9 * b, fast["params"], its.encoder.params)
    assert_close(ours.encoder.slow["params"], expected)
