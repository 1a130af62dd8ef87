"""Memorise, for methods that keep raw images: each lands in its slot, padding nowhere."""

from typing import Any

import jax.numpy as jnp
import pytest

from braincl_jax.memory.exemplars import Exemplars, Images
from braincl_jax.state import Memory, Progress
from braincl_jax.types import Batch
from braincl_jax.wake import memorise_images_step


class Brain:
    def __init__(self, memory) -> None:
        self.memory = memory
        self.progress = Progress(jnp.int32(3), jnp.uint32(0), jnp.int32(0))

    def replace(self, memory):
        return Brain(memory)


@pytest.mark.parametrize("recur", [False, True])
def test_images_are_written_into_their_slots_and_others_stay(recur):
    task = jnp.array([1, 1, 2, 0], jnp.uint8) if recur else None
    label = jnp.array([4, 5, 6, 0], jnp.uint8)
    stored = Exemplars(Images(jnp.full((4, 1, 1, 1), 50, jnp.uint8), label, task), jnp.int32(3))
    state: Any = Brain(Memory("kept", stored))
    image = jnp.array([10, 20, 30], jnp.uint8).reshape(3, 1, 1, 1)
    batch = Batch(image, jnp.array([7, 8, 9]), jnp.array([3, -1, 0]))
    now: Any = None
    state, metrics = memorise_images_step(state, batch, now)
    images, count = state.memory.long_term.images, int(state.memory.long_term.count)
    image, label, task = images.image, images.label, images.task
    assert image.ravel().tolist() == [30, 50, 50, 10]
    assert label.tolist() == [9, 5, 6, 7]
    assert label.dtype == jnp.uint8
    assert (task.tolist() == [3, 1, 2, 3]) if recur else (task is None)
    assert count == 4
    assert state.memory.working == "kept"
    assert metrics == {}


def test_slots_that_are_written_anew_are_no_more_slots_in_use():
    images = Images(jnp.zeros((4, 1, 1, 1), jnp.uint8), jnp.zeros(4, jnp.uint8))
    state: Any = Brain(Memory(None, Exemplars(images, jnp.int32(3))))
    batch = Batch(jnp.zeros((1, 1, 1, 1), jnp.uint8), jnp.array([1]), jnp.array([1]))
    now: Any = None
    state, _ = memorise_images_step(state, batch, now)
    assert int(state.memory.long_term.count) == 3
