"""BrainCL: its phases, its bill, and which image is behind which slot."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.methods.braincl import follow


def test_its_bill_is_the_budget_to_the_last_byte(make_method):
    method = make_method()
    memory = jax.jit(method.layout.init)(jax.random.key(0))
    assert sum(method.layout.bill(memory).values()) == 8_000


def test_the_codec_learns_longer_from_the_first_task(make_method, tiny_config, tiny_stream):
    codec = dataclasses.replace(tiny_config.codec, first_steps=9, steps=5)
    encode = make_method(codec=codec).phases(tiny_stream)[1]
    assert [encode.num_steps(task) for task in (0, 1)] == [9, 5]
    assert (encode.examples, encode.counts_as) == (codec.batch_size, "codec")
    # The last rate of a task is a fiftieth of the peak.
    last = [
        float(encode.rate(jnp.int32(0), jnp.int32(8))),
        float(encode.rate(jnp.int32(1), jnp.int32(4))),
    ]
    np.testing.assert_allclose(last, codec.learning_rate / 50, rtol=1e-5)


def test_sources_follow_kept_evicted_and_new_slots():
    first = follow(np.zeros((0, 2), np.int32), np.array([4, 0, 7, -1, -1]), 0)
    assert first.tolist() == [[0, 4], [0, 0], [0, 7]]
    # Slots 0 and 2 stay (-2 - 0 and -2 - 2), slot 1 goes; images 5 and 3 of task 1 come.
    second = follow(first, np.array([-2, -4, 5, 3, -1]), 1)
    assert second.tolist() == [[0, 4], [0, 7], [1, 5], [1, 3]]
    # All of task 0 goes, and image 0 of task 2 comes behind what is left of task 1.
    third = follow(second, np.array([-5, 0, -1, -1, -1]), 2)
    assert third.tolist() == [[1, 3], [2, 0]]
    # Nothing of task 3 is stored.
    assert follow(third, np.array([-2, -3, -1, -1, -1]), 3).tolist() == third.tolist()


def test_the_transfer_notes_the_sources(make_method):
    method, notes = make_method(), {}
    transfer = method.transfer()
    kept = {"overspent_bytes": jnp.int32(0)}
    transfer.after(kept | {"stored": jnp.int32(2), "origin": jnp.array([3, 1, -1])}, 0, notes)
    assert notes["sources"].tolist() == [[0, 3], [0, 1]]
    transfer.after(kept | {"stored": jnp.int32(1), "origin": jnp.array([-3, 0, -1])}, 1, notes)
    assert notes["sources"].tolist() == [[0, 1], [1, 0]]


def test_a_memory_in_which_nothing_is_stored_is_an_error_with_a_way_out(make_method):
    nothing = {"overspent_bytes": 0, "stored": 0, "origin": jnp.array([-1, -1])}
    with pytest.raises(ValueError, match=r"no cue of task 0 .* budget of 8000 bytes: raise it"):
        make_method().transfer().after(nothing, 0, {})


def test_a_task_of_which_nothing_is_stored_beside_others_is_a_warning(make_method, caplog):
    notes = {"sources": np.array([[0, 5]], np.int32)}
    kept = {"overspent_bytes": 0, "stored": 0, "origin": jnp.array([-2, -1])}
    make_method().transfer().after(kept, 1, notes)
    assert "no cue of task 1 fits" in caplog.text
    assert notes["sources"].tolist() == [[0, 5]]


def test_a_policy_that_keeps_too_much_is_told_by_its_name(make_method):
    with pytest.raises(ValueError, match=r"budget_policy='planned.*' kept 70 bytes more .* task 3"):
        make_method().transfer().after({"overspent_bytes": 70, "stored": 9, "origin": None}, 3, {})
