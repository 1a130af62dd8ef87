"""Places of exemplars: equal shares, kept by rank, each in its slot as long as it stays."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.memory.places import ExemplarPlaces, equal_shares
from braincl_jax.memory.selection import class_balanced_order
from braincl_jax.memory.working import EMPTY
from braincl_jax.types import StreamSpec

# 3 tasks of 2 classes with 5 and 3 images.
SPEC = StreamSpec.of_equal_tasks((1, 1, 1), num_classes=6, task_sizes=(8, 8, 8))


def labels_of(task: int) -> np.ndarray:
    return np.repeat([2 * task, 2 * task + 1], [5, 3])


@pytest.mark.parametrize(
    ("sizes", "capacity", "expected"),
    [
        ([5, 3], 12, [5, 3]),
        ([5, 3], 8, [5, 3]),
        ([5, 3, 5, 3], 12, [3, 3, 3, 3]),
        ([5, 3, 5, 3], 13, [4, 3, 3, 3]),
        ([5, 1, 5], 10, [5, 1, 4]),
        ([0, 4, 0, 4], 3, [0, 2, 0, 1]),
        ([2, 2], 0, [0, 0]),
        ([], 4, []),
    ],
)
def test_shares_by_hand(sizes, capacity, expected):
    assert equal_shares(np.array(sizes, int), capacity).tolist() == expected


def test_shares_are_those_of_a_class_balanced_order():
    rng = np.random.default_rng(0)
    for _ in range(2):
        sizes, capacity = rng.integers(1, 9, 5), int(rng.integers(5, 40))
        label = jnp.asarray(np.repeat(np.arange(5), sizes))
        order = class_balanced_order(jax.random.key(0), label, jnp.ones(len(label), bool))
        expected = np.bincount(np.asarray(label[order])[:capacity], minlength=5)
        assert equal_shares(sizes, capacity).tolist() == expected.tolist()


def test_classes_have_equally_many_of_the_lowest_ranks():
    places = ExemplarPlaces(12, SPEC, labels_of)
    # All of the first task's 5 + 3; then 3 of each of 4 classes; then 2 of each of 6.
    for task, expected in enumerate(([5, 3], [3] * 4, [2] * 6)):
        label, owner, rank = places.after(task)
        used = label != EMPTY
        assert used.sum() == sum(expected)
        assert used[: used.sum()].all()
        for one, number in enumerate(expected):
            assert sorted(rank[label == one]) == list(range(number))
        np.testing.assert_array_equal(owner[used], label[used] // 2)


def test_an_exemplar_keeps_its_slot_and_a_new_one_takes_that_of_one_that_went():
    places = ExemplarPlaces(12, SPEC, labels_of)
    for before, task in itertools.pairwise(range(-1, 3)):
        old, new, written = places.after(before), places.after(task), places.written(task)
        slots = set(written.slot.tolist())
        assert len(slots) == len(written.slot)
        for slot in range(12):
            if slot not in slots:
                assert [part[slot] for part in old] == [part[slot] for part in new]
        for slot, label, rank in zip(*written, strict=True):
            assert [part[slot] for part in new] == [label, task, rank]


def test_it_is_known_how_many_of_a_class_will_stay():
    places = ExemplarPlaces(12, SPEC, labels_of)
    # 8 of 12 after the first task, 12 among 4 classes after the second, among 6 after the third.
    assert [places.kept(0, label) for label in (0, 1)] == [[5, 3, 2], [3, 3, 2]]
    assert [places.kept(2, label) for label in (4, 5)] == [[2], [2]]


def test_a_class_that_recurs_keeps_equally_many_of_each_of_its_tasks():
    spec = StreamSpec((1, 1, 1), 2, 3, (12, 12, 12), ((0, 1),) * 3)
    places = ExemplarPlaces(12, spec, lambda task: np.arange(12) % 2)
    for task, each in enumerate((6, 3, 2)):
        label, owner, _ = places.after(task)
        pairs = np.bincount(label * 3 + owner, minlength=6).reshape(2, 3)
        assert pairs.tolist() == [[each] * (task + 1) + [0] * (2 - task)] * 2


def test_a_long_sequence_is_no_long_recursion():
    spec = StreamSpec.of_equal_tasks((1, 1, 1), 1100, (1,) * 1100)
    places = ExemplarPlaces(1100, spec, lambda task: np.array([task]))
    assert places.after(1099).label.tolist() == list(range(1100))


def test_no_place_is_no_exemplar():
    places = ExemplarPlaces(0, SPEC, labels_of)
    assert [len(part) for part in (*places.after(2), *places.written(2))] == [0] * 6


@pytest.mark.parametrize("capacity", [20, 19, 33, 86])
def test_what_is_left_over_goes_round_the_classes_and_their_tasks(capacity):
    spec = StreamSpec((1, 1, 1), 10, 8, (40,) * 8, (tuple(range(10)),) * 8)
    places = ExemplarPlaces(capacity, spec, lambda task: np.arange(40) % 10)
    had = np.full((10, 8), np.inf)
    for task in range(8):
        label, owner, _ = places.after(task)
        used = label != EMPTY
        held = np.zeros((10, 8), int)
        np.add.at(held, (label[used], owner[used]), 1)
        assert held.sum() == min(capacity, 40 * (task + 1))
        assert np.ptp(held.sum(1)) <= 1
        so_far = held[:, : task + 1]
        assert np.ptp(so_far) <= 1
        assert (so_far[:, :task] <= had[:, :task]).all(), "none comes back"
        had[:, : task + 1] = so_far
    assert np.ptp(held.sum(0)) <= 2, "of the tasks, when all are there"
