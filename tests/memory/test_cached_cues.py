"""The cache of what is recalled: outside the budget, and filled task by task."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest


@pytest.fixture(scope="module")
def layout(make_method):
    return make_method(method="braincl_cached").layout


def test_the_bill_is_that_of_the_strings(layout):
    memory = jax.jit(layout.init)(jax.random.key(0))
    assert sum(layout.bill(memory).values()) == 8_000


def test_groups_are_of_one_task_and_hold_every_stored_slot_once(layout):
    assert layout.group_size == 4
    stored = jax.jit(layout.init)(jax.random.key(0)).long_term
    task, slot, valid = layout.groups(stored.replace(task_counts=jnp.array([3, 5])))
    # Slots 0..2 are of task 0, 3..7 of task 1: a group of 3, one of 4 and one of 1.
    assert [slots[ok].tolist() for slots, ok in zip(slot, np.asarray(valid), strict=True)][:3] == [
        *([0, 1, 2], [3, 4, 5, 6], [7]),
    ]
    assert task[:3].tolist() == [0, 1, 1]
    assert not valid[3:].any()
    # What only fills a group up is of its task as well.
    assert slot[0].max() <= 2 and slot[2].min() >= 3


def test_recall_is_a_look_into_the_cache(layout):
    memory = jax.jit(layout.init)(jax.random.key(0))
    number = layout.format.num_slots
    cache = jnp.broadcast_to(jnp.arange(number)[:, None, None, None], (number, 16, 16, 1))
    long_term = memory.long_term.replace(
        cache=cache.astype(jnp.uint8), intact=jnp.arange(number) != 5
    )
    memory = memory.replace(long_term=long_term)
    slot = jnp.array([[2, 5], [7, 0]])
    assert layout.read(memory, jnp.zeros(2, int), slot) is None
    recalled = layout.complete(memory, jnp.zeros(2, int), slot, None)
    assert (recalled.image == slot[..., None, None, None]).all()
    assert recalled.intact.tolist() == [[True, False], [True, True]]
