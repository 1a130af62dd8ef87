"""Taken for new: shares counted by hand, with a network that takes what is bright for new."""

import types
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.evaluators.base import Answers
from braincl_jax.evaluators.taken_for_new import FIGURES, TakenForNew, share_of
from braincl_jax.types import Recalled

# Images are one pixel. Two tasks of two classes; four training images of each.
REAL = np.array([[100, 200, 210, 120], [220, 230, 90, 240]], np.uint8)
# The images behind six slots; of image 3 of task 0 and image 2 of task 1 there is no cue.
SOURCES = np.array([[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 3]], np.int32)
ONE_HOT = np.eye(4, dtype=np.float32)
# Recalled images are darker by 90.
DARKER = 90


class Layout:
    def read(self, memory, task, slot):
        pass

    def complete(self, memory, task, slot, read) -> Recalled:
        level = jnp.asarray(REAL[tuple(SOURCES.T)] - DARKER)[slot]
        return Recalled(level[..., None, None, None], slot, jnp.ones(slot.shape, bool))


def bright_is_new(images) -> np.ndarray:
    """Logits of four classes: 3, a class of the second task, if the pixel is above 127, else 0."""
    new = images.reshape(-1, 1) > 127
    return np.where(new, [[0, 0, 0, 1]], [[1, 0, 0, 0]]).astype(np.float32)


def figures(task=1, notes: Any = None, answers: Any = None, images=500):
    if answers is None:
        # Labels 0, 0, 1, 1, 2; answers 3, 0, 2, 1, 0: of four old ones, two are taken for new.
        answers = Answers(ONE_HOT[[3, 0, 2, 1, 0]], np.array([0, 0, 1, 1, 2], np.int32))
    exam: Any = types.SimpleNamespace(
        task=task,
        notes={"sources": SOURCES} if notes is None else notes,
        method=types.SimpleNamespace(layout=Layout()),
        stream=types.SimpleNamespace(
            spec=types.SimpleNamespace(task_classes=((0, 1), (2, 3)), image_shape=(1, 1, 1)),
            train_images=lambda task, rows: REAL[task][rows].reshape(-1, 1, 1, 1),
        ),
        fetch=lambda: types.SimpleNamespace(memory=jnp.zeros(1)),
        seen=lambda: answers,
        predict=bright_is_new,
    )
    return TakenForNew(images=images).run(exam)


def test_shares_are_of_those_that_are_asked_about():
    assert figures() == {
        "test": 0.5,
        # 10, 110, 120 of 100, 200, 210.
        "old_recalled": 0,
        "old_real": pytest.approx(2 / 3),
        # 130, 140, 150 of 220, 230, 240.
        "new_recalled": 1,
        "new_real": 1,
    }


def test_a_few_images_are_taken_from_all_over():
    # The first and the last of the three old ones: 100 and 210.
    assert figures(images=2)["old_real"] == 0.5


def test_without_older_classes_or_a_memory_there_is_nothing_to_ask_about():
    first = Answers(ONE_HOT[[0, 1]], np.array([0, 1], np.int32))
    assert figures(task=0, answers=first) == dict.fromkeys(FIGURES)
    assert figures(notes={}) == {**dict.fromkeys(FIGURES), "test": 0.5}


def test_the_share_is_of_any_of_the_classes():
    logits = ONE_HOT[[3, 2, 1, 0]]
    assert share_of(logits, np.array([2, 3])) == 0.5
    assert share_of(logits, np.array([0, 1, 3])) == 0.75


def test_means_are_over_tasks_that_have_a_figure():
    each: dict[str, Any] = dict.fromkeys(FIGURES, 0.25)
    stream: Any = None
    nothing: dict[str, Any] = dict.fromkeys(FIGURES)
    summary = TakenForNew().summarise({2: {**each, "test": 0.75}, 0: nothing, 1: each}, stream)
    assert summary["taken_for_new_test"] == [None, 0.25, 0.75]
    assert summary["mean_taken_for_new_test"] == 0.5
    assert summary["mean_taken_for_new_old_real"] == 0.25
    first = TakenForNew().summarise({0: nothing}, stream)
    assert first["mean_taken_for_new_test"] is None
