"""Exemplars as strings: strings within the budget, what they say beside it."""

import jax
import numpy as np
import pytest

from braincl_jax.build import init_brain
from braincl_jax.data.coded import decode
from braincl_jax.memory.budget import tree_bytes
from braincl_jax.types import Batch

# 256 bytes a raw image of the tiny stream: 100 for a string.
METHOD = "replay_webp(ratio=2.56)"


@pytest.fixture(scope="module")
def memorised(make_method, tiny_stream):
    """(the method, its state when the first task's images are memorised)."""
    method = make_method(method=METHOD)
    phases = {phase.name: phase for phase in method.phases(tiny_stream)}
    state = init_brain(method, jax.random.key(0))
    state, _ = phases["start"](state, None)
    for batch in phases["memorise"].batches(0):
        state, _ = phases["memorise"](state, batch)
    return method, state


def test_a_budget_pays_for_strings_and_their_lengths(make_method):
    method = make_method(method=METHOD)
    # A byte of label each and two of length, and 4 of their number: (8000 - 4) / 103.
    assert (method.string_bytes, method.capacity) == (100, 77)
    assert make_method(method="replay_raw").capacity == 31


def test_what_is_replayed_is_what_the_strings_say(memorised):
    method, state = memorised
    exemplars, strings = state.memory.long_term, np.asarray(state.own["strings"])
    lengths = np.asarray(state.own["lengths"])
    assert int(exemplars.count) == 48
    for slot in range(48):
        string = strings[slot, : lengths[slot]].tobytes()
        np.testing.assert_array_equal(
            exemplars.images.image[slot], decode(string, "WEBP", (16, 16, 1))
        )
        assert not strings[slot, lengths[slot] :].any()
    assert not lengths[48:].any()
    assert method.layout.index(state.memory).stored.sum() == 48


def test_strings_fit_in_the_mean_at_every_number_that_is_to_stay(make_method, tiny_stream):
    method = make_method(method=METHOD)
    places = method.places(tiny_stream)
    strings, written = method.strings(tiny_stream, places, 0), places.written(0)
    for label in (0, 1):
        lengths = [len(strings[slot]) for slot in written.slot[written.label == label].tolist()]
        stay = places.kept(0, label)
        assert stay[0] == len(lengths) == 24 and stay[1] in (19, 20)
        for number in stay:
            assert sum(lengths[:number]) <= 100 * number


def test_strings_are_of_the_images_of_their_class(memorised, tiny_stream):
    _, state = memorised
    images = np.asarray(state.memory.long_term.images.image[:48], float)
    label = np.asarray(state.memory.long_term.images.label[:48])
    # The source's class decides which quarter of the rows is bright.
    quarters = images.reshape(48, 4, 4, 16).mean((2, 3))
    np.testing.assert_array_equal(quarters.argmax(-1), np.take(tiny_stream.class_order, label))


def test_its_bill_has_strings_within_the_budget_and_the_rest_beside_it(memorised):
    method, state = memorised
    bill, caches = method.bill(state), method.caches(state)
    assert bill["strings"] == np.asarray(state.own["lengths"]).sum() <= 48 * 100
    assert sum(bill.values()) == bill["strings"] + 77 * 3 + 4 <= 8_000
    assert set(caches) == {"decoded_cache", "padding"}
    everything = tree_bytes((state.own, state.memory.long_term))
    assert sum(bill.values()) + sum(caches.values()) == everything


def test_its_bill_has_room_for_more_than_32_bits(memorised):
    method, state = memorised
    lengths = np.full(40_000, 60_000, np.uint16)
    larger = state.replace(own={**state.own, "lengths": lengths})
    assert method.bill(larger)["strings"] == 2_400_000_000


def test_padding_is_not_coded(make_method):
    image, label = np.zeros((2, 16, 16, 1), np.uint8), np.zeros(2, np.int32)
    batch = Batch(image, label, np.array([-1, -1]))  # pyright: ignore
    coded = make_method(method=METHOD).coded(batch, {})
    assert not np.asarray(coded.string).any() and not np.asarray(coded.length).any()


def test_strings_that_are_too_short_are_refused_with_a_way_out(make_method, tiny_stream):
    memorise = make_method(method="replay_webp(ratio=20.0)").phases(tiny_stream)[1]
    with pytest.raises(
        ValueError, match=r"method: ratio=20\.0 is impossible: .* 16x16x1 .* lower it"
    ):
        list(memorise.batches(0))
