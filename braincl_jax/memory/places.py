"""Which slot holds an exemplar of which class and rank: from labels alone, so that the host knows without asking."""

import bisect
import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from braincl_jax.memory.working import EMPTY
from braincl_jax.types import StreamSpec


class Places(NamedTuple):
    """What S slots hold, or what some of them get.

    Attributes:
        label, task: int32 [S], of the exemplar; `EMPTY` in free slots.
        rank: int32 [S], how many exemplars of its class of its task are dearer; `EMPTY` in free slots.
    """

    label: np.ndarray
    task: np.ndarray
    rank: np.ndarray


class Written(NamedTuple):
    """Exemplars that a task brings.

    Attributes:
        slot: int32 [n], where each goes, rising.
        label: int32 [n].
        rank: int32 [n], within its class.
    """

    slot: np.ndarray
    label: np.ndarray
    rank: np.ndarray


class ExemplarPlaces:
    """The slots of class-balanced exemplars, task after task.

    Each class of each task has equally many, as far as it has images. What is left over goes round the classes, and for
    those of several tasks (domains) round their tasks. An exemplar keeps its slot as long as it stays.
    When shares shrink, those of the highest ranks go, and the new ones take their slots; slots in use come first.
    """

    def __init__(
        self, capacity: int, spec: StreamSpec, labels_of: Callable[[int], np.ndarray]
    ) -> None:
        """The slots of a stream.

        Args:
            capacity: S.
            spec: the static facts of the stream.
            labels_of: task -> int32 [N], labels of its images.
        """
        self._capacity, self._num_tasks = capacity, spec.num_tasks
        self._turns = turns(spec.task_classes)
        self._counts = functools.cache(lambda task: np.unique(labels_of(task), return_counts=True))
        self._planned = functools.cache(self._plan)

    def after(self, task: int) -> Places:
        """What the slots hold when the exemplars of a task are among them; -1: before the first."""
        return self._reached(task)[0]

    def written(self, task: int) -> Written:
        """The exemplars that a task brings."""
        return self._reached(task)[1]

    def kept(self, task: int, label: int) -> list[int]:
        """How many exemplars of a class that a task brought there are after it, and after each later task."""
        later = [self.after(one) for one in range(task, self._num_tasks)]
        return [int(((held.label == label) & (held.task == task)).sum()) for held in later]

    def _reached(self, task: int) -> tuple[Places, Written]:
        # One after another: a long sequence would go beyond Python's depth of recursion.
        for earlier in range(task):
            self._planned(earlier)
        return self._planned(task)

    def _plan(self, task: int) -> tuple[Places, Written]:
        if task < 0:
            none, nothing = np.full(self._capacity, EMPTY, np.int32), np.zeros(0, np.int32)
            return Places(none, none, none), Written(nothing, nothing, nothing)
        groups, shares = self._shares(task)
        before, _ = self._planned(task - 1)
        group = np.searchsorted(groups, before.label * self._num_tasks + before.task)
        stays = (before.label != EMPTY) & (before.rank < shares[group])
        own = groups % self._num_tasks == task
        label = np.repeat(groups[own] // self._num_tasks, shares[own])
        rank = np.concatenate([np.arange(number) for number in shares[own]])
        slot = np.flatnonzero(~stays)[: len(rank)]
        places = Places(*(np.where(stays, old, EMPTY) for old in before))
        for held, new in zip(places, (label, task, rank), strict=True):
            held[slot] = new
        return places, Written(*(part.astype(np.int32) for part in (slot, label, rank)))

    def _shares(self, task: int) -> tuple[np.ndarray, np.ndarray]:
        """Of each class of each task so far: label * T + task, rising, and how many exemplars it has."""
        counts = [self._counts(earlier) for earlier in range(task + 1)]
        found = [label * self._num_tasks + earlier for earlier, (label, _) in enumerate(counts)]
        groups, sizes = np.concatenate(found), np.concatenate([sizes for _, sizes in counts])
        order = np.argsort(groups)
        groups, sizes = groups[order], sizes[order]
        label, of_task = np.divmod(groups, self._num_tasks)
        pairs = zip(label.tolist(), of_task.tolist(), strict=True)
        turn = np.array([self._turns[pair] for pair in pairs], int)
        return groups, equal_shares(
            sizes, self._capacity, lambda some: some[round_the_classes(label[some], turn[some])]
        )


def turns(task_classes: Sequence[Sequence[int]]) -> dict[tuple[int, int], int]:
    """Of each (label, task) its turn among the tasks of its class: each class begins with another one of them."""
    tasks_of: dict[int, list[int]] = {}
    for task, labels in enumerate(task_classes):
        for label in labels:
            tasks_of.setdefault(label, []).append(task)
    return {
        (label, task): (number - label) % len(tasks)
        for label, tasks in tasks_of.items()
        for number, task in enumerate(tasks)
    }


def round_the_classes(label: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """An order of groups: of every class the one whose turn is first, then of every class the next, and so on.

    When further groups come, none of the others moves forward.

    Args:
        label: int [g], the class of each group.
        turn: int [g], different ones within a class.

    Returns:
        int [g], indices.
    """
    order = np.lexsort((turn, label))
    of_class = label[order]
    number = np.arange(len(order)) - np.searchsorted(of_class, of_class)
    return order[np.lexsort((of_class, number))]


def equal_shares(
    sizes: np.ndarray,
    capacity: int,
    in_order: Callable[[np.ndarray], np.ndarray] = lambda some: some,
) -> np.ndarray:
    """How many each group may keep: equally many, as far as it has so many, and one more the first ones.

    Args:
        sizes: int [g], what there is of each group.
        capacity: of all groups together.
        in_order: indices of groups that have more, rising -> these in the order in which what is left over is given.

    Returns:
        int [g], in sum `capacity` or all there is.
    """
    level = (
        bisect.bisect_right(
            range(int(sizes.max(initial=0)) + 1),
            capacity,
            key=lambda each: np.minimum(sizes, each).sum(),
        )
        - 1
    )
    shares = np.minimum(sizes, level)
    more = in_order(np.flatnonzero(sizes > level))[: capacity - shares.sum()]
    shares[more] += 1
    return shares
