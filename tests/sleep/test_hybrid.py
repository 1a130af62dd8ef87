"""A hybrid step shows raw images in the groups of the current task, and what is recalled in all others."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.parts import recall
from braincl_jax.runtime.devices import Devices
from braincl_jax.sleep import hybrid
from braincl_jax.sleep.hybrid import hybrid_step
from braincl_jax.types import Now


def as_it_is(keys, images):
    """No variation, so that what is shown can be told."""
    return images


@pytest.fixture(scope="module")
def shown(diary_of):
    """(draw, images, labels) of the last step of the second night, as its objective sees them, and the batch."""
    diary, seen = diary_of("ahr"), []
    method = diary.method
    state, batch = diary.before[1, "replay"]

    @dataclasses.dataclass(frozen=True, eq=False)
    class Watched:
        parts: Any
        layout: Any

        def objective(self, params, shown, state, axis_name):
            jax.debug.callback(lambda *part: seen.append(part), *shown)
            return method.objective(params, shown, state, axis_name)

        def after_update(self, state):
            return state

    watched: Any = Watched(dataclasses.replace(method.parts, augment=as_it_is), method.layout)
    now = Now(jax.random.key(5), jnp.int32(2), jnp.float32(0.1))
    after, metrics = jax.jit(lambda state, batch: hybrid_step(state, batch, now, method=watched))(
        state, batch
    )
    jax.effects_barrier()
    assert int(metrics["corrupt_slot"]) == -1
    (found,) = seen
    return found, batch, after.memory.prefetched


def test_groups_of_the_current_task_are_raw_and_come_in(shown):
    (image, label, task, slot), batch, _ = shown
    assert set(np.asarray(task)) == {0, 1}
    np.testing.assert_array_equal(slot == -1, task == 1)
    new = np.asarray(task) == 1
    np.testing.assert_array_equal(image[new], batch.read.image.reshape(-1, 16, 16, 1)[new])
    np.testing.assert_array_equal(label[new], batch.read.label.reshape(-1)[new])
    assert set(label[new].tolist()) <= {2, 3}


def test_groups_of_older_tasks_are_those_that_the_memory_has_drawn_recalled(shown, diary_of):
    (image, label, task, slot), _, prefetched = shown
    diary = diary_of("ahr")
    memory = diary.before[1, "replay"].state.memory
    # Step 2 is the last of the three that are drawn together.
    drawn = np.asarray(prefetched.task[:, 2])
    np.testing.assert_array_equal(task, np.repeat(drawn, 4))
    recalled = recall(diary.method.layout, memory, prefetched.task[:, 2], prefetched.slot[:, 2])
    old = np.asarray(task) == 0
    np.testing.assert_array_equal(slot[old], prefetched.slot[:, 2].reshape(-1)[old])
    np.testing.assert_array_equal(label[old], recalled.label.reshape(-1)[old])
    np.testing.assert_array_equal(image[old], recalled.image.reshape(-1, 16, 16, 1)[old])


def test_of_the_groups_of_the_current_task_a_share_comes_in(diary_of, monkeypatch):
    diary = diary_of("ahr")
    state, batch = diary.before[1, "replay"]
    samples = []
    monkeypatch.setattr(
        hybrid, "learned", lambda state, sample, *_: samples.append(sample.draw) or (state, {})
    )
    for share in (0.0, 0.5, 1.0):
        came_in = []
        for number in range(12):
            now = Now(jax.random.key(number), jnp.int32(2), jnp.float32(0.1))
            hybrid_step(state, batch, now, method=diary.method, share=share)
            draw = samples.pop()
            came_in.append(np.asarray(draw.slot == -1)[np.asarray(draw.task) == 1])
        groups = np.concatenate(came_in)
        assert (groups.all(1) == groups.any(1)).all()
        assert (0.2 < groups.mean() < 0.8) if share == 0.5 else groups.mean() == share


def test_one_and_two_devices_agree(diary_of):
    diary, devices = diary_of("ahr"), Devices(2)
    state, batch = diary.before[1, "replay"]
    expected, _ = diary.steps["replay"](state, batch)
    step = devices.map_step(diary.phases["replay"])
    found, _ = step(devices.replicate(state), batch)
    for one, two in zip(
        *(jax.tree.leaves(tree.encoder.params) for tree in (expected, found)), strict=True
    ):
        np.testing.assert_allclose(np.asarray(two)[0], one, rtol=1e-3, atol=1e-5)
