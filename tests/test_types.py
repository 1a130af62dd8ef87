"""Static facts of a stream, and the moment of a step."""

import jax
import jax.numpy as jnp

from braincl_jax.types import Now, StreamSpec


def test_what_follows_from_the_facts_of_a_stream():
    spec = StreamSpec((8, 8, 1), num_classes=12, num_tasks=3, task_sizes=(5, 9, 4))
    assert (spec.classes_per_task, spec.max_task_size, spec.num_images) == (4, 9, 18)


def test_the_key_of_a_step_is_that_of_its_phase_and_its_number():
    def bits(key) -> list[int]:
        return jax.random.key_data(key).tolist()

    now = Now(jax.random.key(3), jnp.int32(4), jnp.float32(0))
    assert bits(now.key) == bits(jax.random.fold_in(jax.random.key(3), 4))
    assert bits(now.key_of(jnp.int32(6))) == bits(now._replace(step=jnp.int32(6)).key)


def test_classes_are_of_tasks_in_their_order():
    spec = StreamSpec((1, 1, 1), num_classes=6, num_tasks=3, task_sizes=(4, 4, 4))
    assert spec.are_of(1).tolist() == [False, False, True, True, False, False]
    assert spec.are_of(-1).tolist() == [False] * 6
