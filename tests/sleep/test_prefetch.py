"""Reading ahead: the same samples, the same learning, and strings that are decoded once for several steps."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.sleep import nothing_prefetched, replay_step
from braincl_jax.sleep.prefetch import prefetch, prefetched_for

STEPS = 7


@pytest.fixture(scope="module")
def night(diary):
    """Parts and a state at the beginning of a night, by the number of steps that are read together."""

    def begin(prefetch_steps):
        sleep = dataclasses.replace(diary.parts.config.sleep, prefetch_steps=prefetch_steps)
        config = dataclasses.replace(diary.parts.config, sleep=sleep)
        parts = dataclasses.replace(diary.parts, config=config)
        state = diary.after[1, "transfer"]
        return parts, state.replace(
            memory=state.memory.replace(prefetched=nothing_prefetched(parts, state.memory))
        )

    return functools.cache(begin)


@pytest.fixture(scope="module")
def lived(night):
    """The states after each of a few steps of replay, by the number of steps that are read together."""

    def live(prefetch_steps):
        parts, state = night(prefetch_steps)
        step = jax.jit(functools.partial(replay_step, parts=parts))
        states = []
        for _ in range(STEPS):
            state, metrics = step(state, None)
            assert int(metrics["corrupt_slot"]) == -1
            states.append(state)
        return states

    return functools.cache(live)


def test_how_many_steps_are_read_together_changes_nothing_that_is_learned(lived):
    for alone, together in zip(lived(1), lived(3), strict=True):
        for one, other in zip(
            *(jax.tree.leaves(state.encoder) for state in (alone, together)), strict=True
        ):
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_strings_are_read_once_for_as_many_steps_as_are_read_together(lived):
    assert [int(state.memory.prefetched.first) for state in lived(3)] == [0, 0, 0, 3, 3, 3, 6]


def test_each_step_has_the_sample_that_it_would_have_drawn_by_itself(night):
    (alone, own), (together, state) = night(1), night(3)
    prefetched = jax.jit(lambda state: prefetch(state, jnp.int32(3), together, None))(state)
    draw = jax.jit(lambda state, step: prefetched_for(state, step, alone, None)[1])
    for step in (3, 4, 5):
        task, slot, read = draw(own, jnp.int32(step))
        np.testing.assert_array_equal(prefetched.task[:, step - 3], task)
        np.testing.assert_array_equal(prefetched.slot[:, step - 3], slot)
        for one, other in zip(*map(jax.tree.leaves, (prefetched.read, read)), strict=True):
            np.testing.assert_array_equal(one[:, step - 3], other)


@pytest.mark.parametrize("done", [1, 3, 5])
def test_what_was_read_can_be_lost_and_is_read_again(night, lived, done, assert_same):
    parts, _ = night(3)
    state = lived(3)[done - 1]
    state = state.replace(
        memory=state.memory.replace(prefetched=nothing_prefetched(parts, state.memory))
    )
    again, _ = jax.jit(functools.partial(replay_step, parts=parts))(state, None)
    assert_same(again, lived(3)[done])


def test_another_night_reads_anew(night, lived):
    parts, state = night(3)
    # As if the last night had ended within its first steps: what it read is of other cues.
    stale = state.memory.prefetched.replace(first=jnp.int32(0))
    state = state.replace(memory=state.memory.replace(prefetched=stale))
    after, _ = jax.jit(functools.partial(replay_step, parts=parts))(state, None)
    np.testing.assert_array_equal(after.memory.prefetched.slot, lived(3)[0].memory.prefetched.slot)
