"""Memorise: what g_a makes of an image lands at the image's place."""

import types
from typing import Any

import jax.numpy as jnp
import numpy as np

from braincl_jax.memory.working import EMPTY, WorkingMemory
from braincl_jax.state import Memory
from braincl_jax.types import Batch
from braincl_jax.wake import memorise_step


class Codec:
    """A cue is the image times the weight of g_a."""

    def separate(self, analysis, images):
        return analysis * images.astype(jnp.float32)


class Brain:
    def __init__(self, memory) -> None:
        self.memory = memory

    def replace(self, memory):
        return Brain(memory)


def test_cues_are_written_rounded_at_the_index_of_their_image():
    working = WorkingMemory(
        cues=jnp.zeros((4, 1, 1, 1), jnp.int8),
        labels=jnp.full(4, EMPTY, jnp.int32),
        clipped=jnp.int32(0),
        log_tradeoff=jnp.float32(0),
        codec={"analysis": jnp.float32(0.25)},
        codec_opt=None,
    )
    state: Any = Brain(Memory(working, long_term="kept"))
    layout: Any = types.SimpleNamespace(
        codec=Codec(), encoder=lambda memory: memory.working.codec["analysis"]
    )
    image = jnp.array([10, 20, 30], jnp.uint8).reshape(3, 1, 1, 1)
    batch = Batch(image, jnp.array([7, 8, 9]), jnp.array([3, -1, 0]))
    now: Any = None
    state, metrics = memorise_step(state, batch, now, layout=layout)
    np.testing.assert_array_equal(state.memory.working.cues.ravel(), [8, 0, 0, 2])
    assert state.memory.working.labels.tolist() == [9, EMPTY, EMPTY, 7]
    assert state.memory.long_term == "kept"
    assert metrics == {}
