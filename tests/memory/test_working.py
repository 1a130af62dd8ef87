"""Working memory: cues land where their image's index says."""

import jax
import jax.numpy as jnp
import numpy as np

from braincl_jax.memory import working

SHAPE = (2, 2, 3)


def empty():
    return working.WorkingMemory(
        cues=jnp.zeros((5, *SHAPE)),
        averages=(jnp.zeros((5, *SHAPE)), jnp.zeros((5, *SHAPE))),
        labels=jnp.full(5, working.EMPTY, jnp.int32),
        codec={"weights": jnp.ones(2)},
        codec_opt=(),
    )


def cues_of(*values):
    return jnp.asarray(values, jnp.float32)[:, None, None, None] * jnp.ones((1, *SHAPE))


def test_cues_and_labels_are_written_at_their_index_and_padding_is_left_out():
    write = jax.jit(working.write)
    index, labels = jnp.array([3, -1, 0]), jnp.array([7, 8, 9])
    written = write(empty(), index, cues_of(1.5, 2.5, -3.5), labels)
    np.testing.assert_array_equal(written.labels, [9, -1, -1, 7, -1])
    np.testing.assert_array_equal(written.cues, cues_of(-3.5, 0, 0, 1.5, 0))
    # A second batch leaves the first one's cues; unrounded values are kept as they are.
    again = write(written, jnp.array([-1, 4, -1]), cues_of(6, 0.25, 6), labels)
    np.testing.assert_array_equal(again.labels, [9, -1, -1, 7, 8])
    np.testing.assert_array_equal(again.cues, cues_of(-3.5, 0, 0, 1.5, 0.25))
    np.testing.assert_array_equal(again.codec["weights"], [1, 1])


def test_cues_and_averages_are_replaced_at_their_index_and_labels_stay():
    rewrite = jax.jit(working.rewrite)
    written = working.write(empty(), jnp.arange(5), cues_of(1, 2, 3, 4, 5), jnp.arange(5) + 20)
    averages = (cues_of(0.1, 0.2, 0.3), cues_of(10, 20, 30))
    refined = rewrite(written, jnp.array([3, -1, 0]), cues_of(1.5, 2.5, -3.5), averages)
    np.testing.assert_array_equal(refined.cues, cues_of(-3.5, 2, 3, 1.5, 5))
    np.testing.assert_array_equal(refined.averages[0], cues_of(0.3, 0, 0, 0.1, 0))
    np.testing.assert_array_equal(refined.averages[1], cues_of(30, 0, 0, 10, 0))
    np.testing.assert_array_equal(refined.labels, [20, 21, 22, 23, 24])


def test_jit_changes_nothing():
    arguments = (empty(), jnp.array([1, -1]), cues_of(2, 4), jnp.array([5, 6]))
    with jax.disable_jit():
        plain = working.write(*arguments)
    jax.tree.map(np.testing.assert_array_equal, jax.jit(working.write)(*arguments), plain)
