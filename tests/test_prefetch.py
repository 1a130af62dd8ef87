"""Reading ahead: the same samples, the same learning, and strings that are decoded once for several steps."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax import pipeline
from braincl_jax.prefetch import nothing_prefetched, prefetch, prefetched_for, recallable
from braincl_jax.types import Now

STEPS = 7


def forgetful(method, state):
    """The state with nothing prefetched."""
    nothing = nothing_prefetched(method.parts, method.layout, state.memory)
    return state.replace(memory=state.memory.replace(prefetched=nothing))


@pytest.fixture(scope="module")
def night(diary, make_method, tiny_config):
    """A method and a state at the beginning of its night, by the number of steps that are read together."""

    def begin(prefetch_steps):
        sleep = dataclasses.replace(tiny_config.sleep, prefetch_steps=prefetch_steps)
        method = make_method(sleep=sleep)
        return method, forgetful(method, diary.after[1, "transfer"])

    return functools.cache(begin)


@pytest.fixture(scope="module")
def replay(night):
    """The compiled step of replay, by the number of steps that are read together."""
    return functools.cache(lambda number: jax.jit(pipeline.replay(night(number)[0])))


@pytest.fixture(scope="module")
def lived(night, replay):
    """The states after each of a few steps of replay, by the number of steps that are read together."""

    def live(prefetch_steps):
        _, state = night(prefetch_steps)
        step = replay(prefetch_steps)
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


def now(phase_key, step) -> Now:
    return Now(phase_key, step, jnp.float32(0))


def test_each_step_has_the_sample_that_it_would_have_drawn_by_itself(night):
    (alone, own), (together, state) = night(1), night(3)
    phase_key = jax.random.key(5)

    @jax.jit
    def prefetched_at(state, step):
        parts, layout = together.parts, together.layout
        known = recallable(state, layout, jnp.int32(2))
        return prefetch(state.memory, known, now(phase_key, step), step, parts, layout, None)

    @jax.jit
    def draw(state, step):
        moment, (parts, layout) = now(phase_key, step), (alone.parts, alone.layout)
        return prefetched_for(state, moment, jnp.int32(2), parts, layout, None)[-1]

    prefetched = prefetched_at(state, jnp.int32(3))
    for step in (3, 4, 5):
        (task, slot, weight), read = draw(own, jnp.int32(step))
        np.testing.assert_array_equal(prefetched.task[:, step - 3], task)
        np.testing.assert_array_equal(prefetched.slot[:, step - 3], slot)
        np.testing.assert_array_equal(prefetched.weight[:, step - 3], weight)
        for one, other in zip(*map(jax.tree.leaves, (prefetched.read, read)), strict=True):
            np.testing.assert_array_equal(one[:, step - 3], other)


@pytest.mark.parametrize("done", [1, 3, 5])
def test_what_was_read_can_be_lost_and_is_read_again(night, replay, lived, done, assert_same):
    method, _ = night(3)
    state = forgetful(method, lived(3)[done - 1])
    again, _ = replay(3)(state, None)
    assert_same(again, lived(3)[done])


def test_another_night_reads_anew(night, replay, lived):
    _, state = night(3)
    # As if the last night had ended within its first steps: what it read is of other cues.
    stale = state.memory.prefetched.replace(first=jnp.int32(0))
    state = state.replace(memory=state.memory.replace(prefetched=stale))
    after, _ = replay(3)(state, None)
    np.testing.assert_array_equal(after.memory.prefetched.slot, lived(3)[0].memory.prefetched.slot)
