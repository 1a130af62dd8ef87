"""The steps in which a night ends: look, choose, keep."""

import types
from typing import Any

import jax.numpy as jnp
import numpy as np

from braincl_jax.memory.exemplars import Exemplars, Images
from braincl_jax.memory.herding import Herd
from braincl_jax.memory.working import EMPTY
from braincl_jax.sleep import choose_step, keep_step, look_step
from braincl_jax.state import Memory
from braincl_jax.types import Batch

NOW: Any = None


class Brain:
    """A brain in its second task."""

    def __init__(self, memory) -> None:
        self.memory = memory
        self.progress = types.SimpleNamespace(task=jnp.int32(1))
        self.consolidation = types.SimpleNamespace(seen_classes=jnp.ones(4, bool))

    def replace(self, memory):
        return Brain(memory)


def brain(features, label, slot=None) -> Any:
    number = len(label)
    stored = Images(jnp.full((3, 1, 1, 1), 99, jnp.uint8), jnp.zeros(3, jnp.uint8))
    slot = jnp.full(number, EMPTY) if slot is None else jnp.array(slot)
    herd = Herd(jnp.array(features, jnp.float32), jnp.array(label, jnp.int32), slot)
    return Brain(Memory(herd, Exemplars(stored, jnp.int32(2))))


def batch_of(pixel, label, index) -> Batch:
    image = jnp.array(pixel, jnp.uint8).reshape(-1, 1, 1, 1)
    return Batch(image, jnp.array(label), jnp.array(index))


def features_of(state, images):
    """A pixel, and 3 where it is not black."""
    pixel = images[:, 0, 0, 0].astype(jnp.float32)
    return jnp.stack([pixel, jnp.where(pixel > 0, 3.0, 0.0)], 1)


def test_features_of_length_one_are_written_at_their_index():
    state = brain(np.zeros((3, 2)), [EMPTY] * 3)
    batch = batch_of([4, 0, 8], [2, 3, 3], [2, 0, -1])
    after, metrics = look_step(state, batch, NOW, features_of=features_of)
    herd = after.memory.working
    np.testing.assert_allclose(herd.features, [[0, 0], [0, 0], [0.8, 0.6]], rtol=1e-6)
    assert herd.label.tolist() == [3, EMPTY, 2]
    assert metrics == {}


def test_the_images_of_the_lowest_ranks_get_the_slots_of_their_ranks():
    # Along one line, the mean of class 2 is 4; that of class 3 is 5.
    features = [[0.0], [9.0], [3.0], [0.0], [5.0]]
    state = brain(features, [2, 2, 2, EMPTY, 3])
    # Task 0 brought all sorts; task 1 brings two of class 2 and one of class 3, at most four in all.
    label = np.array([[0, 0, 0, 0], [2, 2, 3, 4]])
    slot = np.array([[0, 1, 2, 3], [3, 1, 0, EMPTY]])
    after, _ = choose_step(state, None, NOW, label=label, slot=slot)
    herd = after.memory.working
    # 3 is closest to the mean; then the mean of 3 and 9 is 2 off, that of 3 and 0 is 2.5 off.
    assert herd.slot.tolist() == [EMPTY, 1, 3, EMPTY, 0]
    assert not herd.features.any()


def test_chosen_images_are_kept_and_others_are_not():
    state = brain(np.zeros((4, 1)), [2, 2, 3, EMPTY], [EMPTY, 2, 0, EMPTY])
    batch = batch_of([10, 20, 30, 40], [2, 2, 3, 0], [0, 1, 2, -1])
    after, _ = keep_step(state, batch, NOW)
    stored = after.memory.long_term
    assert stored.images.image.ravel().tolist() == [30, 99, 20]
    assert stored.images.label.tolist() == [3, 0, 2]
    assert int(stored.count) == 3
