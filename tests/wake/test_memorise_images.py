"""Memorise, for methods that keep raw images: each lands at its place, padding nowhere."""

from typing import Any

import jax.numpy as jnp

from braincl_jax.memory.exemplars import Images
from braincl_jax.memory.working import EMPTY
from braincl_jax.state import Memory
from braincl_jax.types import Batch
from braincl_jax.wake.memorise_images import memorise_images_step


class Brain:
    def __init__(self, memory) -> None:
        self.memory = memory

    def replace(self, memory):
        return Brain(memory)


def test_images_are_written_at_their_index_and_others_stay():
    label = jnp.full(4, EMPTY, jnp.int32).at[2].set(5)
    working = Images(jnp.full((4, 1, 1, 1), 50, jnp.uint8), label)
    state: Any = Brain(Memory(working, long_term="kept"))
    image = jnp.array([10, 20, 30], jnp.uint8).reshape(3, 1, 1, 1)
    batch = Batch(image, jnp.array([7, 8, 9]), jnp.array([3, -1, 0]))
    now: Any = None
    state, metrics = memorise_images_step(state, batch, now)
    assert state.memory.working.image.ravel().tolist() == [30, 50, 50, 10]
    assert state.memory.working.label.tolist() == [9, EMPTY, 5, 7]
    assert state.memory.long_term == "kept"
    assert metrics == {}
