"""Static facts of a stream, and the moment of a step."""

import jax
import jax.numpy as jnp

from braincl_jax.types import Now, StreamSpec


def test_what_follows_from_the_facts_of_a_stream():
    spec = StreamSpec.of_equal_tasks((8, 8, 1), num_classes=12, task_sizes=(5, 9, 4))
    assert (spec.num_tasks, spec.max_task_size, spec.num_images) == (3, 9, 18)
    assert spec.task_classes == ((0, 1, 2, 3), (4, 5, 6, 7), (8, 9, 10, 11))


def test_the_key_of_a_step_is_that_of_its_phase_and_its_number():
    def bits(key) -> list[int]:
        return jax.random.key_data(key).tolist()

    now = Now(jax.random.key(3), jnp.int32(4), jnp.float32(0))
    assert bits(now.key) == bits(jax.random.fold_in(jax.random.key(3), 4))
    assert bits(now.key_of(jnp.int32(6))) == bits(now._replace(step=jnp.int32(6)).key)


def test_classes_are_of_tasks_in_their_order():
    spec = StreamSpec.of_equal_tasks((1, 1, 1), num_classes=6, task_sizes=(4, 4, 4))
    assert spec.are_of(1).tolist() == [False, False, True, True, False, False]
    assert spec.are_of(-1).tolist() == [False] * 6


def test_tasks_may_have_any_classes_and_a_class_any_tasks():
    spec = StreamSpec((1, 1, 1), 4, 3, (4, 4, 4), ((0, 1, 2), (3,), (1, 3)))
    assert spec.classes_recur
    assert [spec.are_of(task).tolist() for task in range(3)] == [
        [True, True, True, False],
        [False, False, False, True],
        [False, True, False, True],
    ]


def test_where_no_class_recurs_a_label_tells_its_task():
    spec = StreamSpec((1, 1, 1), 4, 3, (4, 4, 4), ((0, 1), (2,), (3,)))
    assert not spec.classes_recur
    assert spec.tasks_of(jnp.array([[3, 0], [-1, 2]])).tolist() == [[2, 0], [-1, 1]]
