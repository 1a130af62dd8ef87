"""The whole method on tasks that are unequal, and on tasks that are domains of the same classes."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.build import build_method
from braincl_jax.config import ProtocolConfig
from braincl_jax.data import Dataset, TaskStream
from braincl_jax.parts import recall
from braincl_jax.schedules import FINAL_FRACTION

PER_CLASS = 12


def images(per_class: int) -> tuple[np.ndarray, np.ndarray]:
    """Noise of 16x16, of 4 classes in turns."""
    label = np.arange(4 * per_class) % 4
    noise = np.random.default_rng(0).integers(0, 255, (len(label), 16, 16, 1))
    return noise.astype(np.uint8), label


def stream_of(num_tasks: int, domains: bool = False, **protocol) -> TaskStream:
    dataset = Dataset.of_arrays(*images(PER_CLASS), *images(2))
    if domains:
        dataset = dataset._replace(train_domains=np.arange(4 * PER_CLASS) // 4 % num_tasks)
    given = ProtocolConfig(incremental="domains" if domains else "classes", **protocol)
    return TaskStream.create(dataset, num_tasks=num_tasks, class_order_seed=-1, protocol=given)


@pytest.fixture(scope="module")
def unequal(tiny_config, live_one):
    """Two classes, then one and one more."""
    stream = stream_of(3, first_task_classes=2)
    config = dataclasses.replace(tiny_config, num_tasks=3)
    return live_one(build_method(config, stream.spec), stream)


def test_the_head_knows_the_classes_of_the_tasks_so_far_and_nothing_is_compiled_again(unequal):
    seen = [unequal.after[task, "start"].consolidation.seen_classes.tolist() for task in range(3)]
    assert seen == [[True] * 2 + [False] * 2, [True] * 3 + [False], [True] * 4]
    assert unequal.traces == dict.fromkeys(unequal.steps, 1)


def test_awake_every_task_goes_through_the_whole_schedule(unequal):
    classify = unequal.phases["classify"]
    assert [classify.num_steps(task) for task in range(3)] == [2, 1, 1]
    last = [
        float(classify.rate(jnp.int32(task), jnp.int32(classify.num_steps(task) - 1)))
        for task in range(3)
    ]
    np.testing.assert_allclose(
        last, FINAL_FRACTION * unequal.method.parts.config.wake.learning_rate
    )


def test_awake_only_the_head_of_the_task_s_own_classes_learns(unequal):
    for task, own in enumerate(([0, 1], [2], [3])):
        before, after = (
            unequal.after[task, name].encoder.params["head"] for name in ("memorise", "classify")
        )
        for name in before:
            moved = np.any(np.asarray(before[name] != after[name]).reshape(-1, 4), axis=0)
            assert set(np.flatnonzero(moved)) <= set(own)


@pytest.fixture(scope="module")
def domains(tiny_config, live_one):
    """All classes in two domains, with less room than the cues of both want."""
    stream = stream_of(2, domains=True)
    config = dataclasses.replace(tiny_config, budget_policy="open_ended", budget_bytes=5_400)
    return live_one(build_method(config, stream.spec), stream)


def test_all_classes_of_domains_are_seen_from_the_first_on_and_nothing_is_compiled_again(domains):
    assert domains.after[0, "start"].consolidation.seen_classes.all()
    assert domains.traces == dict.fromkeys(domains.steps, 1)


def test_cues_of_a_class_are_of_several_tasks_each_recalled_by_its_own_decoder(domains):
    memory, layout = domains.after[1, "replay"].memory, domains.method.layout
    index = layout.index(memory)
    stored = np.asarray(index.stored)
    pairs = np.bincount(np.asarray(index.label * 2 + index.task)[stored], minlength=8)
    assert (pairs > 0).all()
    slots = np.flatnonzero(stored)[[0, -1]]
    recalled = recall(layout, memory, index.task[slots], jnp.asarray(slots)[:, None])
    assert recalled.intact.all()
    np.testing.assert_array_equal(recalled.label[:, 0], index.label[slots])
    assert int(domains.metrics[1, "replay"]["corrupt_slot"]) == -1


def test_raw_images_of_domains_are_replayed_with_their_tasks(tiny_config, live_one):
    stream = stream_of(2, domains=True)
    # Room for 8 images with label and task, and the count.
    config = dataclasses.replace(
        tiny_config, method="replay_raw_and_task", budget_bytes=8 * (16 * 16 + 2) + 4
    )
    life = live_one(build_method(config, stream.spec), stream)
    asleep, index = (
        life.method.layout.index(life.after[1, name].memory) for name in ("replay", "keep")
    )
    # In the night two of each of four classes of the first; then one of each of both.
    assert sorted(zip(asleep.task.tolist(), asleep.label.tolist(), strict=True)) == [
        (0, label) for label in range(4) for _ in range(2)
    ]
    assert sorted(zip(index.task.tolist(), index.label.tolist(), strict=True)) == [
        (task, label) for task in range(2) for label in range(4)
    ]
    for step in range(4):
        (task, slot, _), _ = life.phases["replay"].batch_at(1, step)
        np.testing.assert_array_equal(slot < 0, np.broadcast_to(task[:, None] == 1, slot.shape))
        assert (np.asarray(asleep.task)[slot[slot >= 0]] == 0).all()
    assert life.traces == dict.fromkeys(life.steps, 1)
