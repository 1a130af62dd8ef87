"""Any number of slots is recalled in batches of one shape."""

import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.memory import recall as module
from braincl_jax.memory.block.integrity import CorruptMemoryError
from braincl_jax.memory.recall import recall_slots
from braincl_jax.types import Recalled


@pytest.fixture
def shapes(monkeypatch):
    """Chunks of four; the shapes in which slots were asked for."""
    monkeypatch.setattr(module, "CHUNK", 4)
    return []


def recall_in(shapes, broken=-1):
    def recall(memory, task, slot) -> Recalled:
        shapes.append(slot.shape)
        assert task.tolist() == [2]
        image = jnp.uint8(memory + slot)[..., None, None, None]
        return Recalled(image, slot, slot != broken)

    return recall


@pytest.mark.parametrize("number", [1, 4, 5, 11])
def test_images_come_in_the_order_of_their_slots(shapes, number):
    slots = np.arange(number)[::-1] * 3
    images = recall_slots(recall_in(shapes), 100, 2, slots)
    assert images.dtype == np.uint8
    np.testing.assert_array_equal(images, (100 + slots)[:, None, None, None])
    assert set(shapes) == {(1, 4)}
    assert len(shapes) == -(-number // 4)


def test_a_damaged_string_is_an_error_that_names_its_slot(shapes):
    with pytest.raises(CorruptMemoryError, match="slot 9 "):
        recall_slots(recall_in(shapes, broken=9), 0, 2, np.array([3, 9]))
    # What was not asked for may be damaged.
    recall_slots(recall_in(shapes, broken=9), 0, 2, np.array([3, 8]))


def test_nothing_to_recall_is_refused(shapes):
    with pytest.raises(ValueError, match="slots is empty"):
        recall_slots(recall_in(shapes), 0, 2, np.array([], int))
