"""Strings are written beside the images that were decoded from them."""

import types
from typing import Any

import jax
import jax.numpy as jnp

from braincl_jax.memory.exemplars import Exemplars, Images
from braincl_jax.state import Memory, Progress
from braincl_jax.types import Batch, Coded, Now
from braincl_jax.wake.memorise_coded import memorise_coded_step


class Brain(types.SimpleNamespace):
    def replace(self, **changes):
        return Brain(**{**vars(self), **changes})


def test_slots_get_image_label_string_and_length_and_padding_none():
    images = Images(jnp.zeros((3, 1, 1, 1), jnp.uint8), jnp.zeros(3, jnp.uint8))
    state: Any = Brain(
        memory=Memory(None, Exemplars(images, jnp.int32(0))),
        own={"strings": jnp.zeros((3, 2), jnp.uint8), "lengths": jnp.zeros(3, jnp.uint16)},
        progress=Progress(jnp.int32(0), jnp.uint32(0), jnp.int32(0)),
    )
    decoded = Batch(
        jnp.array([7, 8, 9], jnp.uint8).reshape(3, 1, 1, 1),
        jnp.array([1, 2, 3]),
        jnp.array([2, 0, -1]),
    )
    strings = jnp.array([[70, 71], [80, 81], [90, 91]], jnp.uint8)
    lengths = jnp.array([2, 1, 2], jnp.uint16)
    now = Now(jax.random.key(0), jnp.int32(0), jnp.float32(0))
    new, _ = memorise_coded_step(state, Coded(decoded, strings, lengths), now)
    assert new.own["strings"].tolist() == [[80, 81], [0, 0], [70, 71]]
    assert new.own["lengths"].tolist() == [1, 0, 2]
    assert new.memory.long_term.images.image.reshape(-1).tolist() == [8, 0, 7]
    assert new.memory.long_term.images.label.tolist() == [2, 0, 1]
    assert int(new.memory.long_term.count) == 3
