"""Working memory: cues land where their image's index says."""

import jax
import jax.numpy as jnp
import numpy as np

from braincl_jax.memory import working

SHAPE = (2, 2, 3)


def empty():
    return working.WorkingMemory(
        cues=jnp.zeros((5, *SHAPE), jnp.int8),
        labels=jnp.full(5, working.EMPTY, jnp.int32),
        clipped=jnp.int32(0),
        codec={"weights": jnp.ones(2)},
        codec_opt=(),
        log_tradeoff=jnp.float32(-4),
    )


def cues_of(*values):
    return jnp.asarray(values, jnp.float32)[:, None, None, None] * jnp.ones((1, *SHAPE))


def test_cues_and_labels_are_written_at_their_index_and_padding_is_left_out():
    write = jax.jit(working.write)
    index, labels = jnp.array([3, -1, 0]), jnp.array([7, 8, 9])
    written = write(empty(), index, cues_of(1, 2, -3), labels)
    np.testing.assert_array_equal(written.labels, [9, -1, -1, 7, -1])
    np.testing.assert_array_equal(written.cues, cues_of(-3, 0, 0, 1, 0))
    # A second batch leaves the first one's cues.
    again = write(written, jnp.array([-1, 4, -1]), cues_of(6, 5, 6), labels)
    np.testing.assert_array_equal(again.labels, [9, -1, -1, 7, 8])
    np.testing.assert_array_equal(again.cues, cues_of(-3, 0, 0, 1, 5))
    np.testing.assert_array_equal(again.codec["weights"], [1, 1])


def test_cues_are_rounded_when_they_are_written():
    write = jax.jit(working.write)
    index = jnp.array([3, -1, 0, 4])
    written = write(empty(), index, cues_of(1.5, 2, -3.7, 2.5), jnp.arange(4))
    assert written.cues.dtype == jnp.int8
    # Halves go to the even neighbour.
    np.testing.assert_array_equal(written.cues, cues_of(-4, 0, 0, 2, 2))
    assert int(written.clipped) == 0


def test_what_int8_cannot_hold_is_clipped_and_counted_but_for_padding():
    write = jax.jit(working.write)
    cues = cues_of(127.4, 200, -128.4, -129).at[0, 1, 1].set(jnp.array([128, 127, -128.6]))
    written = write(empty(), jnp.array([3, -1, 0, 4]), cues, jnp.arange(4))
    expected = np.asarray(cues_of(-128, 0, 0, 127, -128)).copy()
    expected[3, 1, 1] = [127, 127, -128]
    np.testing.assert_array_equal(written.cues, expected)
    # 128 and -128.6 of one cue, and all 2 * 2 * 3 of another.
    assert int(written.clipped) == 14
    again = write(written, jnp.array([1, -1, -1, -1]), cues, jnp.arange(4))
    assert int(again.clipped) == 16


def test_cues_are_read_as_integers():
    written = working.write(empty(), jnp.arange(3), cues_of(1.5, -2.6, 7), jnp.arange(3))
    read = jax.jit(working.cues_at)(written, jnp.array([2, 0, 1, 99]))
    assert read.dtype == jnp.int32
    # Beyond the end is the last.
    np.testing.assert_array_equal(read, cues_of(7, 2, -3, 0))


def test_emptied_is_empty(assert_same):
    written = working.write(empty(), jnp.arange(3), cues_of(1.5, 2, 7), jnp.arange(3))
    for used in (0, 5):
        assert_same(working.emptied(written, empty(), jnp.int32(used)), empty())


def test_jit_changes_nothing():
    arguments = (empty(), jnp.array([1, -1]), cues_of(2.6, 400), jnp.array([5, 6]))
    with jax.disable_jit():
        plain = working.write(*arguments)
    jax.tree.map(np.testing.assert_array_equal, jax.jit(working.write)(*arguments), plain)
