"""Images drawn on the host: balanced, the same for all processes, and from any step on."""

import dataclasses
import functools

import jax
import numpy as np
import pytest

from braincl_jax import pipeline
from braincl_jax.data import Dataset, TaskStream
from braincl_jax.memory.places import ExemplarPlaces, Places
from braincl_jax.memory.working import EMPTY
from braincl_jax.prefetch import draw_steps
from braincl_jax.rehearsal import drawable_in, host_device, rehearsed
from braincl_jax.runtime.devices import Devices
from braincl_jax.state import named_key
from braincl_jax.types import Draw

# 3 tasks of 2 classes with 5 and 3 images, of one pixel, which is the image's own number.
PER_TASK = 8


@pytest.fixture(scope="module")
def stream() -> TaskStream:
    pixels = np.arange(3 * PER_TASK, dtype=np.uint8).reshape(-1, 1, 1, 1)
    label = np.tile([0, 0, 0, 0, 0, 1, 1, 1], 3) + np.repeat([0, 2, 4], PER_TASK)
    dataset = Dataset.of_arrays(pixels, label, pixels, label)
    return TaskStream.create(dataset, num_tasks=3, class_order_seed=-1)


@pytest.fixture(scope="module")
def parts(make_method, stream):
    """What all methods share, for this stream."""
    given = make_method().parts
    return dataclasses.replace(given, plan=dataclasses.replace(given.plan, spec=stream.spec))


@pytest.fixture(scope="module")
def sampled(parts, stream):
    """What shows samples, of 4 groups of 4, by the tasks that are at hand and the number of exemplars."""

    @functools.cache
    def begin(joint: bool, capacity: int = 0, part: tuple[int, int] = (0, 1)):
        own = stream.part(*part)
        places = ExemplarPlaces(capacity, stream.spec, stream.train_labels)
        at_hand = (lambda task: range(task + 1)) if joint else (lambda task: (task,))
        return rehearsed("replay", parts, own, at_hand=at_hand, slots=places.after)

    return begin


def label_of(pixel: np.ndarray) -> np.ndarray:
    return 2 * (pixel // PER_TASK) + (pixel % PER_TASK >= 5)


def test_images_have_their_labels_and_groups_their_task(sampled):
    for task in range(3):
        for step in range(5):
            draw, came_in = sampled(joint=True)(task, step)
            pixel = came_in.image[..., 0, 0, 0]
            np.testing.assert_array_equal(came_in.label, label_of(pixel))
            np.testing.assert_array_equal(pixel // PER_TASK, np.tile(draw.task[:, None], 4))
            assert (draw.slot == -1).all()
            assert (draw.weight == 1).all()


def test_every_class_is_shown_equally_often(sampled):
    samples = [sampled(joint=True)(2, step) for step in range(300)]
    shown = np.bincount(np.ravel([sample.read.label for sample in samples]), minlength=6)
    # 800 each of 4,800, in groups: stratified draws vary less than those of a coin.
    np.testing.assert_allclose(shown, 800, atol=80)
    pixel = np.ravel([sample.read.image for sample in samples])
    each = np.bincount(pixel, minlength=24) * np.tile([5] * 5 + [3] * 3, 3)
    np.testing.assert_allclose(each, 800, rtol=0.35)


def test_a_step_is_what_it_is_wherever_one_begins(sampled, assert_same):
    sampled.cache_clear()
    alone = sampled(joint=True)(1, 7)
    sampled.cache_clear()
    after_others = [sampled(joint=True)(task, step) for task in (0, 1) for step in range(9)][9 + 7]
    assert_same(alone, after_others)


def test_several_readers_share_the_groups_of_one(sampled):
    whole = sampled(joint=True)(2, 4)
    parts = [sampled(joint=True, part=(index, 2))(2, 4) for index in range(2)]
    for one, *pieces in zip(*map(jax.tree.leaves, (whole, *parts)), strict=True):
        np.testing.assert_array_equal(one, np.concatenate(pieces))


def test_steps_are_drawn_as_a_memory_of_the_same_images_would_be(sampled, parts, stream):
    """The sampler, by the key of the phase."""
    nothing = np.zeros(0, np.int32)
    known, position = drawable_in(stream, (0, 1), Places(*[nothing] * 3), 24)
    key = named_key(jax.random.key(0), "replay", 1)
    drawn: Draw = jax.jit(functools.partial(draw_steps, parts=parts))(known, key, 3)
    for step in range(3):
        draw, came_in = sampled(joint=True)(1, 3 + step)
        slot = np.asarray(drawn.slot[:, step])
        expected = np.asarray(known.task)[slot] * PER_TASK + position[slot]
        np.testing.assert_array_equal(came_in.image[..., 0, 0, 0], expected)
        np.testing.assert_array_equal(draw.task, drawn.task[:, step])


def test_exemplars_of_other_tasks_are_left_to_the_memory(sampled, stream):
    places = ExemplarPlaces(12, stream.spec, stream.train_labels).after(2)
    shown = np.zeros(6, int)
    for step in range(100):
        draw, came_in = sampled(joint=False, capacity=12)(2, step)
        held = draw.slot >= 0
        np.testing.assert_array_equal(held, np.tile((draw.task < 2)[:, None], 4))
        np.testing.assert_array_equal(places.label[draw.slot[held]], came_in.label[held])
        assert (came_in.image[held] == 0).all()
        assert set(np.unique(came_in.image[~held])) <= set(range(16, 24))
        shown += np.bincount(came_in.label.ravel(), minlength=6)
    np.testing.assert_allclose(shown, 1600 / 6, rtol=0.25)


def test_an_exemplar_of_the_task_is_no_second_candidate(stream):
    label, task = np.array([0, 4, EMPTY], np.int32), np.array([0, 2, EMPTY], np.int32)
    known, position = drawable_in(stream, (2,), Places(label, task, task), 10)
    assert known.stored.tolist() == [True, False, False] + [True] * 8 + [False] * 2
    assert position.tolist() == [EMPTY] * 3 + list(range(8)) + [EMPTY] * 2
    assert known.label[3:11].tolist() == [4] * 5 + [5] * 3
    assert known.task[3:11].tolist() == [2] * 8


def test_a_sampler_that_looks_at_what_classes_cost_is_refused(
    make_method, tiny_config, tiny_stream
):
    sleep = dataclasses.replace(tiny_config.sleep, sampler="by_need")
    with pytest.raises(ValueError, match=r"sampler=by_need .* read from the data set before"):
        make_method(method="joint", sleep=sleep).phases(tiny_stream)
    make_method(method="replay_raw", sleep=sleep).phases(tiny_stream)


def test_without_a_cpu_nothing_can_be_drawn(monkeypatch):
    def missing(backend):
        raise RuntimeError(f"Unknown backend {backend}")

    monkeypatch.setattr(jax, "local_devices", missing)
    with pytest.raises(ValueError, match=r"leaves out the CPU.* as in JAX_PLATFORMS=cuda,cpu"):
        host_device()


def test_one_and_four_devices_learn_the_same(diary_of):
    diary = diary_of("replay_raw_and_task")
    state, batch = diary.before[1, "replay"]
    alone, metrics = diary.steps["replay"](state, batch)
    devices = Devices(4)
    step = devices.map_step(pipeline.rehearse(diary.method, lambda task, step: batch))
    together, its_metrics = step(devices.replicate(state), batch)
    np.testing.assert_allclose(metrics["loss"], devices.first(its_metrics)["loss"], rtol=1e-4)
    for one, other in zip(
        jax.tree.leaves(alone.encoder.params),
        jax.tree.leaves(devices.first(together).encoder.params),
        strict=True,
    ):
        assert np.linalg.norm(one - other) <= 1e-4 * np.linalg.norm(one) + 1e-6
