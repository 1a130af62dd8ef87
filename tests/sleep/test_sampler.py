"""What is replayed: balanced over classes, one task a group, never a free slot."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from braincl_jax.sleep.sampler import _stratified, class_balanced, draw_classes
from braincl_jax.types import Index

SLOTS, TASKS, CLASSES, GROUPS, SIZE = 24, 3, 6, 6, 8
PER_TASK = CLASSES // TASKS


@functools.cache
def sampler(num_groups: int = GROUPS, group_size: int = SIZE):
    """The sampler, compiled once for all memories of 24 slots."""

    def draw(key, index):
        return class_balanced(key, index, CLASSES, num_groups, group_size)

    return jax.jit(draw)


def memory_of(counts: list[int]) -> Index:
    """A memory with `counts[k]` slots of class k, task by task; then free slots that look like class 0."""
    label = np.repeat(np.arange(len(counts)), counts)
    free = SLOTS - len(label)
    task = np.append(label // PER_TASK, np.full(free, TASKS))
    label = np.append(label, np.zeros(free, int))
    stored = np.arange(SLOTS) < SLOTS - free
    return Index(jnp.int32(label), jnp.int32(task), jnp.asarray(stored))


counts_strategy = st.lists(st.integers(0, SLOTS // CLASSES), min_size=CLASSES, max_size=CLASSES)


@settings(max_examples=40, deadline=None)
@given(counts_strategy.filter(any), st.integers(0, 2**31 - 1))
def test_groups_hold_stored_slots_of_their_own_task(counts, seed):
    index = memory_of(counts)
    task, slot, _ = sampler()(jax.random.key(seed), index)
    assert task.shape == (GROUPS,)
    assert slot.shape == (GROUPS, SIZE)
    assert ((slot >= 0) & (slot < SLOTS)).all()
    assert index.stored[slot].all()
    np.testing.assert_array_equal(index.task[slot], np.repeat(task[:, None], SIZE, 1))


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(1, SLOTS // CLASSES), min_size=CLASSES, max_size=CLASSES),
    st.integers(0, 2**31 - 1),
)
def test_a_batch_holds_equally_many_of_each_class_however_many_are_stored(counts, seed):
    # 6 groups for 3 tasks, 8 slots for 2 classes: 2 groups of 4 of each class.
    index = memory_of(counts)
    _, slot, _ = sampler()(jax.random.key(seed), index)
    drawn = np.bincount(np.asarray(index.label[slot]).ravel(), minlength=CLASSES)
    assert drawn.tolist() == [GROUPS * SIZE // CLASSES] * CLASSES


def test_within_a_class_every_slot_comes_up_equally_often():
    index = memory_of([2, 4, 1, 3, 4, 4])
    keys = jax.random.split(jax.random.key(0), 200)
    _, slot, _ = jax.vmap(sampler(), in_axes=(0, None))(keys, index)
    drawn = np.bincount(np.asarray(slot).ravel(), minlength=SLOTS)
    # 8 of each class in each of 200 batches.
    expected = np.where(index.stored, 1600 / np.array([2, 4, 1, 3, 4, 4])[index.label], 0)
    np.testing.assert_allclose(drawn, expected, rtol=0.1)


def test_a_task_with_fewer_stored_classes_is_drawn_less():
    # Task 0 has one class left, task 1 two, task 2 none: a third and two thirds of the groups.
    index = memory_of([4, 0, 4, 4, 0, 0])
    task, _, _ = sampler()(jax.random.key(1), index)
    assert np.bincount(task, minlength=TASKS).tolist() == [2, 4, 0]


def classes_of_one_task(key, index, num_classes, num_groups, group_size):
    """Drawing where no class recurs: a group's task is that of a class, and so are the classes of a task."""
    label = jnp.where(index.stored, index.label, num_classes)
    order = jnp.argsort(label)
    count = jnp.bincount(label, length=num_classes)
    first = jnp.cumsum(count) - count
    task_of_class = index.task[order[jnp.minimum(first, len(order) - 1)]]
    likelihood = (count > 0) * 1.0
    keys = jax.random.split(key, num_groups + 1)
    group_task = task_of_class[_stratified(keys[0], likelihood, num_groups)]
    slots = []
    for group_key, task in zip(keys[1:], group_task, strict=True):
        class_key, slot_key = jax.random.split(group_key)
        drawn = _stratified(class_key, (task_of_class == task) * likelihood, group_size)
        within = jax.random.randint(slot_key, drawn.shape, 0, count[drawn])
        slots.append(order[first[drawn] + within])
    return group_task, jnp.stack(slots)


@pytest.mark.parametrize("counts", [[4] * 6, [2, 4, 1, 3, 4, 4], [4, 0, 4, 4, 0, 0]])
def test_where_no_class_recurs_the_draw_is_that_of_its_tasks_classes_bit_for_bit(counts):
    index, key = memory_of(counts), jax.random.key(3)
    task, slot, _ = sampler()(key, index)
    expected = classes_of_one_task(key, index, CLASSES, GROUPS, SIZE)
    np.testing.assert_array_equal(task, expected[0])
    np.testing.assert_array_equal(slot, expected[1])


def test_a_class_that_recurs_is_drawn_in_its_tasks_as_often_as_it_has_slots_there():
    # Class 0: 6 slots in task 0 and 2 in task 1; class 1: 1 and 3; class 2: 4 in task 2. Tasks are not in order.
    label = np.repeat([0, 1, 0, 1, 2], (2, 1, 6, 3, 4))
    task = np.repeat([1, 0, 0, 1, 2], (2, 1, 6, 3, 4))
    index = Index(jnp.int32(label), jnp.int32(task), jnp.ones(len(label), bool))
    draw = jax.jit(jax.vmap(lambda key: class_balanced(key, index, 3, GROUPS, SIZE)))
    tasks, slot, _ = draw(jax.random.split(jax.random.key(0), 1000))
    np.testing.assert_array_equal(index.task[slot], np.repeat(tasks[..., None], SIZE, 2))
    drawn = np.bincount(np.asarray(slot).ravel(), minlength=len(label)) / slot.size
    # Every class a third, every slot of a class alike.
    np.testing.assert_allclose(drawn, 1 / 3 / np.bincount(label)[label], rtol=0.1)


def test_one_stored_slot_is_drawn_every_time():
    task, slot, _ = sampler()(jax.random.key(1), memory_of([0, 0, 0, 1, 0, 0]))
    assert set(np.asarray(slot).ravel()) == {0}
    assert set(np.asarray(task)) == {1}


def test_free_slots_in_between_are_never_drawn():
    index = memory_of([4] * CLASSES)
    stored = jnp.arange(SLOTS) % 3 != 0
    _, slot, _ = sampler()(jax.random.key(2), index._replace(stored=stored))
    assert stored[slot].all()


@pytest.mark.parametrize("shape", [(GROUPS, SIZE), (1, 1)])
def test_the_draw_depends_on_the_key_alone(shape):
    index = memory_of([3] * CLASSES)
    draws = [np.asarray(sampler(*shape)(jax.random.key(seed), index)[1]) for seed in (5, 5, 6)]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert (draws[0] != draws[2]).any()


def test_the_draw_is_the_same_under_jit():
    index, key = memory_of([3] * CLASSES), jax.random.key(9)
    task, slot, weight = class_balanced(key, index, CLASSES, GROUPS, SIZE)
    jit_task, jit_slot, _ = sampler()(key, index)
    np.testing.assert_array_equal(task, jit_task)
    np.testing.assert_array_equal(slot, jit_slot)
    assert weight.shape == slot.shape and (weight == 1).all()


def test_a_large_memory_with_free_slots_in_the_middle_of_the_labels_gives_stored_slots_only():
    # Free slots look like class 0, as in a memory whose labels are zero where nothing is stored.
    label = jnp.concatenate([jnp.zeros(488, int), jnp.ones(512, int), jnp.zeros(4000, int)])
    stored = jnp.arange(5000) < 1000
    index = Index(label, jnp.where(stored, 0, TASKS), stored)
    draw = jax.jit(lambda key: class_balanced(key, index, 2, 4, 64).slot)
    for seed in range(50):
        slot = draw(jax.random.key(seed))
        assert stored[slot].all()
        assert np.bincount(np.asarray(label[slot]).ravel()).tolist() == [128, 128]


def test_classes_come_up_as_often_as_they_are_said_to_be_likely():
    index = memory_of([2, 4, 1, 0, 4, 4])
    likelihood = jnp.array([1.0, 3.0, 4.0, 7.0, 2.0, 6.0])
    draw = jax.jit(jax.vmap(lambda key: draw_classes(key, index, likelihood, GROUPS, SIZE)[1]))
    slot = draw(jax.random.split(jax.random.key(0), 400))
    drawn = np.bincount(np.asarray(index.label[slot]).ravel(), minlength=CLASSES)
    # Class 3 is not stored.
    np.testing.assert_allclose(drawn / drawn.sum(), np.array([1, 3, 4, 0, 2, 6]) / 16, atol=0.01)


def test_a_share_that_is_rounded_up_is_of_a_class_that_is_likely():
    # 1e8 and 0.1 add up to 1e8 in float32: the last class has no share of its own, and class 0 is not stored.
    index = memory_of([0, 4, 4, 0, 0, 0])
    likelihood = jnp.array([1.0, 1e8, 0.1, 1.0, 1.0, 1.0])
    draw = jax.jit(lambda key: draw_classes(key, index, likelihood, GROUPS, SIZE)[1])
    for seed in range(20):
        assert index.stored[draw(jax.random.key(seed))].all()
