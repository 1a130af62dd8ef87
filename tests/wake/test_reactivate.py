"""Awake, stored slots of the memory are recalled, and none as long as there are none."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.parts import recall
from braincl_jax.prefetch import nothing_prefetched
from braincl_jax.runtime.devices import Devices
from braincl_jax.types import Now
from braincl_jax.wake.reactivate import reactivate


@pytest.mark.parametrize("method", ["braincl", "replay_raw"])
def test_older_images_are_recalled_in_the_wake_of_the_next_task(diary_of, method):
    life = diary_of(method)
    parts, layout = life.method.parts, life.method.layout
    state, _ = life.before[1, "classify"]
    now = Now(jax.random.key(3), jnp.int32(0), jnp.float32(0))
    found = jax.jit(lambda state: reactivate(state, now, parts, layout, None)[1])(state)
    assert bool(found.any) and int(found.corrupt) == -1
    assert found.image.shape == (16, 16, 16, 1) and found.image.dtype == np.uint8
    index = jax.tree.map(np.asarray, layout.index(state.memory))
    # By now replay_raw has exemplars of the task itself.
    assert (index.task[index.stored] == 1).any() == (method == "replay_raw")
    kept = np.flatnonzero(index.stored & (index.task == 0))
    every = recall(layout, state.memory, jnp.asarray(index.task[kept]), jnp.asarray(kept)[:, None])
    known = {
        (image.tobytes(), int(label))
        for image, label in zip(np.asarray(every.image)[:, 0], index.label[kept], strict=True)
    }
    for image, label in zip(np.asarray(found.image), found.label.tolist(), strict=True):
        assert (image.tobytes(), label) in known
    np.testing.assert_array_equal(found.weight, np.ones(16))


def test_the_weights_of_the_sampler_hold_awake_too(diary, make_method, tiny_config):
    sleep = dataclasses.replace(tiny_config.sleep, sampler="by_need(exponent=1.0, correction=1.0)")
    method, (state, _) = make_method(sleep=sleep), diary.before[1, "classify"]
    needed = state.consolidation.class_loss.at[0].set(9.0)
    state = state.replace(consolidation=state.consolidation.replace(class_loss=needed))
    now = Now(jax.random.key(3), jnp.int32(0), jnp.float32(0))
    recalled = jax.jit(lambda state: reactivate(state, now, method.parts, method.layout, None)[1])
    label, weight = (np.asarray(getattr(recalled(state), one)) for one in ("label", "weight"))
    others = np.unique(weight[label != 0])
    assert len(others) == 1
    assert (weight[label == 0] < others).all() and (label == 0).any()


def test_each_step_recalls_others(diary):
    parts, layout = diary.method.parts, diary.method.layout
    state, _ = diary.before[1, "classify"]
    nothing = nothing_prefetched(parts, layout, state.memory)
    state = state.replace(memory=state.memory.replace(prefetched=nothing))

    @jax.jit
    def at(step):
        now = Now(jax.random.key(3), step, jnp.float32(0))
        return reactivate(state, now, parts, layout, None)[1].image

    assert not np.array_equal(at(jnp.int32(0)), at(jnp.int32(1)))


def test_nothing_is_recalled_before_there_is_anything(diary):
    parts, layout = diary.method.parts, diary.method.layout
    state, _ = diary.before[0, "classify"]
    now = Now(jax.random.key(3), jnp.int32(0), jnp.float32(0))
    found = jax.jit(lambda state: reactivate(state, now, parts, layout, None)[1])(state)
    assert not bool(found.any) and int(found.corrupt) == -1
    assert not np.asarray(found.image).any()


@pytest.fixture(scope="module")
def recalling(live_one, make_method, tiny_stream, tiny_config):
    """The life of a brain that recalls awake, and reads two steps ahead."""
    sleep = dataclasses.replace(tiny_config.sleep, prefetch_steps=2)
    wake = dataclasses.replace(tiny_config.wake, reactivation=True)
    return live_one(make_method(wake=wake, sleep=sleep), tiny_stream)


def test_the_head_of_older_classes_moves_and_examples_count(recalling):
    life = recalling
    before, after = life.after[1, "memorise"], life.after[1, "classify"]
    old = ~np.asarray(life.method.parts.spec.are_of(1))
    was, now = (np.asarray(state.encoder.params["head"]["kernel"]) for state in (before, after))
    assert not np.array_equal(was[:, old], now[:, old])
    # 48 images in batches of 16, and 16 recalled beside each.
    shown = [int(state.consolidation.examples["wake"]) for state in (before, after)]
    assert shown[1] - shown[0] == 3 * 32
    assert int(life.metrics[1, "classify"]["corrupt_slot"]) == -1


def test_one_and_four_devices_recall_the_same(recalling):
    phase, (state, batch) = recalling.phases["classify"], recalling.before[1, "classify"]
    devices = Devices(4)
    alone, _ = recalling.steps["classify"](state, batch)
    replicated = jax.tree.map(lambda leaf: jnp.stack([leaf] * 4), state)
    together, _ = devices.map_step(phase)(replicated, batch)
    found = devices.first(together).encoder.params["head"]
    for name, expected in alone.encoder.params["head"].items():
        np.testing.assert_allclose(found[name], expected, rtol=1e-4, atol=1e-6, err_msg=name)


def test_strings_are_read_ahead_and_can_be_read_again(recalling, assert_same):
    life = recalling
    # The last of three steps; what the first two recall was read together.
    state, batch = life.before[1, "classify"]
    assert int(state.memory.prefetched.first) == 0
    after, _ = life.steps["classify"](state, batch)
    assert int(after.memory.prefetched.first) == 2
    nothing = nothing_prefetched(life.method.parts, life.method.layout, state.memory)
    forgetful = state.replace(memory=state.memory.replace(prefetched=nothing))
    assert_same(life.steps["classify"](forgetful, batch)[0], after)
