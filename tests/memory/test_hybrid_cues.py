"""A memory of cues that takes images besides: each slot gives what it should, and a damaged string is told."""

import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.memory.exemplars import CameIn
from braincl_jax.memory.hybrid_cues import Beside
from braincl_jax.parts import recall

TASK, SLOT = jnp.array([0, 1]), np.array([[0, 1, 2], [48, 49, 50]])


@pytest.fixture(scope="module")
def stored(make_method, diary):
    """(the layout, a memory with cues of two tasks)."""
    return make_method(method="ahr").layout, diary.after[1, "transfer"].memory


@pytest.fixture
def came_in() -> CameIn:
    return CameIn(jnp.full((2, 3, 16, 16, 1), 7, jnp.uint8), jnp.full((2, 3), 3))


def test_without_images_it_recalls_as_a_memory_of_cues_does(stored, tiny_method, assert_same):
    layout, memory = stored
    expected = recall(tiny_method.layout, memory, TASK, jnp.asarray(SLOT))
    assert_same(recall(layout, memory, TASK, jnp.asarray(SLOT)), expected)


def test_slots_of_minus_one_are_what_came_in_and_others_what_is_recalled(stored, came_in):
    layout, memory = stored
    read = layout.read(memory, TASK, jnp.asarray(SLOT))
    recalled = layout.complete(memory, TASK, jnp.asarray(SLOT), read)
    slot = np.where([[False] * 3, [True, False, True]], -1, SLOT)
    found = layout.complete(memory, TASK, jnp.asarray(slot), Beside(read, came_in))
    np.testing.assert_array_equal(found.label, np.where(slot < 0, 3, recalled.label))
    over_pixels = (slot < 0)[..., None, None, None]
    np.testing.assert_array_equal(found.image, np.where(over_pixels, 7, recalled.image))
    assert (found.image != 7)[0].any()


def test_a_damaged_string_counts_where_it_is_shown(stored, came_in):
    layout, memory = stored
    read = layout.read(memory, TASK, jnp.asarray(SLOT))
    damaged = read._replace(intact=jnp.array([[True, False, True], [True, True, False]]))
    slot = jnp.asarray(np.where([[False] * 3, [True] * 3], -1, SLOT))
    found = layout.complete(memory, TASK, slot, Beside(damaged, came_in))
    assert found.intact.tolist() == [[True, False, True], [True, True, True]]
