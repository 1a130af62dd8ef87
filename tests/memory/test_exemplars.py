"""Raw images as memory: exemplar replay, joint training and plain fine-tuning over three tasks."""

import dataclasses
import functools
import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.build import build_method, init_brain
from braincl_jax.memory.budget import tree_bytes
from braincl_jax.memory.exemplars import ExemplarLayout, exemplars_for
from braincl_jax.memory.working import EMPTY
from braincl_jax.methods.exemplars import ExemplarMethod
from braincl_jax.parts import recall
from braincl_jax.types import Batch, StreamSpec

# 3 tasks of 2 classes with 5 and 3 images, of one pixel: the pixel is the image's own number.
SPEC = StreamSpec.of_equal_tasks((1, 1, 1), num_classes=6, task_sizes=(8, 8, 8))
PER_TASK = 8
CAPACITY = 12


def images_of(task: int) -> Batch:
    """The task's images in one batch of 10, the last two of which are padding."""
    number = np.arange(PER_TASK)
    label = 2 * task + (number >= 5)
    image = (task * PER_TASK + number).astype(np.uint8).reshape(-1, 1, 1, 1)
    padding = np.full(2, 99, np.uint8).reshape(-1, 1, 1, 1)
    return Batch(
        image=jnp.asarray(np.concatenate([image, padding])),
        label=jnp.int32(np.append(label, [0, 0])),
        index=jnp.int32(np.append(number, [-1, -1])),
    )


def label_of(pixel: np.ndarray) -> np.ndarray:
    return 2 * (pixel // PER_TASK) + (pixel % PER_TASK >= 5)


@pytest.fixture(scope="module")
def lives(tiny_config):
    """The layout, and the states after the transfer of each task, by capacity and habit."""
    # One pixel leaves nothing to crop.
    sleep = dataclasses.replace(tiny_config.sleep, augmentation="crop_flip_noise(crop_padding=0)")
    config = dataclasses.replace(tiny_config, method="finetune", sleep=sleep)
    parts = build_method(config, SPEC).parts

    @functools.cache
    def live(number: int, keep: bool = False):
        class Some(ExemplarMethod):
            @property
            def capacity(self) -> int:
                return number

            @property
            def keeps_task(self) -> bool:
                return keep

        method = Some(parts=parts)
        # The steps alone: no stream is asked for a batch.
        stream: Any = None
        steps = {
            phase.name: jax.jit(phase)
            for phase in method.phases(stream)
            if phase.name in ("start", "memorise", "transfer")
        }
        state = jax.jit(lambda key: init_brain(method, key))(jax.random.key(0))
        states = []
        for task in range(SPEC.num_tasks):
            batches = {"memorise": images_of(task)}
            for name, step in steps.items():
                state, _ = step(state, batches.get(name))
            states.append(state)
        return method.layout, states

    return live


def stored_pixels(state) -> np.ndarray:
    exemplars = state.memory.long_term
    return np.asarray(exemplars.images.image).ravel()[: int(exemplars.count)]


def replayable(layout, state) -> np.ndarray:
    """Pixels of everything that a sampler may draw."""
    index = layout.index(state.memory)
    slots = jnp.flatnonzero(index.stored)[None]
    recalled = recall(layout, state.memory, jnp.zeros(1, int), slots)
    assert recalled.intact.all()
    pixels = np.asarray(recalled.image).ravel()
    np.testing.assert_array_equal(np.asarray(recalled.label).ravel(), label_of(pixels))
    np.testing.assert_array_equal(index.label[slots[0]], label_of(pixels))
    np.testing.assert_array_equal(index.task[slots[0]], pixels // PER_TASK)
    return pixels


def test_exemplars_are_balanced_over_the_classes_seen(lives):
    _, states = lives(CAPACITY)
    # 12 slots: all of the first task's 5 + 3; then 3 of each of 4 classes; then 2 of each of 6.
    for state, expected in zip(states, ([5, 3], [3] * 4, [2] * 6), strict=True):
        pixels = stored_pixels(state)
        assert len(set(pixels)) == len(pixels)
        assert np.bincount(label_of(pixels)).tolist() == expected
        labels = np.asarray(state.memory.long_term.images.label)[: len(pixels)]
        np.testing.assert_array_equal(labels, label_of(pixels))


def test_an_exemplar_that_was_dropped_does_not_come_back(lives):
    _, states = lives(CAPACITY)
    for task, (old, new) in enumerate(itertools.pairwise(states)):
        today = range((task + 1) * PER_TASK, (task + 2) * PER_TASK)
        assert set(stored_pixels(new)) <= {*stored_pixels(old), *today}


def test_asleep_there_is_nothing_but_the_exemplars(lives):
    layout, states = lives(CAPACITY)
    for state in states:
        assert sorted(replayable(layout, state)) == sorted(stored_pixels(state))
        assert (state.memory.working.label == EMPTY).all()


def test_a_method_that_keeps_the_day_replays_its_images_and_the_exemplars_of_other_tasks(lives):
    layout, states = lives(CAPACITY, keep=True)
    others = [pixel for pixel in stored_pixels(states[2]) if pixel < 16]
    assert sorted(replayable(layout, states[2])) == [*sorted(others), *range(16, 24)]


def test_joint_training_keeps_every_image(lives):
    layout, states = lives(SPEC.num_images)
    for task, state in enumerate(states):
        assert sorted(stored_pixels(state)) == list(range((task + 1) * PER_TASK))
    assert set(replayable(layout, states[2])) == set(range(24))
    assert layout.num_stored(states[2].memory) == 24


def test_finetuning_replays_the_current_task_alone(lives):
    layout, states = lives(0, keep=True)
    for task, state in enumerate(states):
        images = sorted(replayable(layout, state))
        assert images == list(range(task * PER_TASK, (task + 1) * PER_TASK))
        assert layout.num_stored(state.memory) == 0


def test_a_new_task_opens_an_empty_working_memory(lives):
    layout, states = lives(CAPACITY, keep=True)
    opened = layout.open_working(states[0].memory, jnp.int32(1), states[0].key)
    assert (opened.working.label == EMPTY).all()
    assert set(replayable(layout, states[0].replace(memory=opened))) == set(range(8))


@pytest.mark.parametrize("capacity", [0, CAPACITY])
def test_the_bill_is_the_bytes_of_the_arrays(capacity, lives):
    layout, states = lives(capacity, keep=True)
    bill = layout.bill(states[2].memory)
    # A pixel and a one-byte label each, and a count of four bytes.
    assert bill == {"strings": capacity, "index": 4, "labels": capacity, "decoders": 0, "tables": 0}
    assert sum(bill.values()) == tree_bytes(states[2].memory.long_term)


def test_a_budget_pays_for_images_with_label_and_count():
    # 12 * (1 + 1) + 4 = 28 bytes.
    assert exemplars_for(28, SPEC) == 12
    assert exemplars_for(27, SPEC) == 11
    assert exemplars_for(10**6, SPEC) == SPEC.num_images


def test_a_budget_for_less_than_an_image_a_class_is_refused_with_the_least_that_will_do():
    with pytest.raises(ValueError, match=r"budget_bytes=15 pays for 5 raw .* at least 16"):
        exemplars_for(15, SPEC)
    assert exemplars_for(16, SPEC) == 6
    with pytest.raises(ValueError, match="pays for 0 raw"):
        exemplars_for(1, SPEC)


def test_where_classes_recur_each_image_brings_its_task_along():
    spec = StreamSpec((1, 1, 1), 2, 3, (12, 12, 12), ((0, 1),) * 3)
    # Pixel, label and task of a byte each.
    assert exemplars_for(4 + 3 * 7, spec) == 7
    layout = ExemplarLayout(spec, 7, keeps_task=False)
    memory = layout.init(jax.random.key(0))
    assert layout.bill(memory) == {"strings": 7, "index": 4 + 7, "labels": 7} | {
        "decoders": 0,
        "tables": 0,
    }
    assert not layout.index(memory).stored.any()
