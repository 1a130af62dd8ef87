"""Memorise: what g_a makes of an image lands at the image's place."""

import dataclasses
import functools
import types
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from braincl_jax.build import init_brain
from braincl_jax.memory.codec.search import Loss
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
        codec=Codec(),
        encoder=lambda memory: memory.working.codec["analysis"],
        settings=types.SimpleNamespace(search_rounds=0),
    )
    image = jnp.array([10, 20, 30], jnp.uint8).reshape(3, 1, 1, 1)
    batch = Batch(image, jnp.array([7, 8, 9]), jnp.array([3, -1, 0]))
    now: Any = None
    state, metrics = memorise_step(state, batch, now, layout=layout)
    np.testing.assert_array_equal(state.memory.working.cues.ravel(), [8, 0, 0, 2])
    assert state.memory.working.labels.tolist() == [9, EMPTY, EMPTY, 7]
    assert state.memory.long_term == "kept"
    assert metrics == {}


def test_a_search_finds_better_cues_whatever_the_devices(make_method, tiny_config, tiny_stream):
    """Better by the loss that the codec was trained for; the same where four devices share the batch."""
    codec = dataclasses.replace(tiny_config.codec, search_rounds=3)
    method = make_method(codec=codec)
    layout = method.layout
    memory = jax.jit(lambda key: init_brain(method, key))(jax.random.key(0)).memory
    opened = layout.open_working(memory, jnp.int32(0), jax.random.key(0))
    state: Any = Brain(opened)
    batch = tiny_stream.ordered_batch_at(0, batch_size=20, step=0)
    now: Any = types.SimpleNamespace(key=jax.random.key(1))

    def cues(batch, axis_name=None):
        after, _ = memorise_step(state, batch, now, axis_name, layout=layout)
        return after.memory.working.cues[:20]

    found = jax.jit(cues)(jax.tree.map(jnp.asarray, batch))
    shared = jax.tree.map(lambda x: jnp.reshape(x, (4, -1, *x.shape[1:])), batch)
    together = jax.pmap(functools.partial(cues, axis_name="devices"), axis_name="devices")(shared)
    for of_device in together:
        np.testing.assert_array_equal(of_device, found)
    rounded = jnp.round(layout.codec.separate(layout.encoder(opened), jnp.asarray(batch.image)))
    tradeoff = jnp.exp(opened.working.log_tradeoff)
    for image, mine, nearest in zip(batch.image, found, rounded, strict=True):
        loss = Loss(layout.codec, opened.working.codec, layout.recall_error, image, tradeoff, 1)
        assert loss(mine.astype(jnp.float32)) <= loss(nearest)
    assert (found != rounded).any()
