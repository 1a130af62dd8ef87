"""Cues to strings and back: nothing is lost, whatever the tables, and nothing is wasted where they are right."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from braincl_jax.memory.codec import context
from braincl_jax.memory.codec.context import Weights
from braincl_jax.memory.coder import coding, rans, tables
from braincl_jax.memory.coder.tables import CodingTable

# Two tasks of three cues each.
TASKS, NUMBER, (HEIGHT, WIDTH, CHANNELS) = 2, 3, (4, 3, 3)
encode = jax.jit(coding.encode, static_argnames=("lanes", "max_words"))
decode = jax.jit(coding.decode, static_argnames=("rows", "width"))
intervals = jax.jit(coding.intervals, static_argnames="lanes")


def any_table(rng) -> CodingTable:
    """A table that need not come from a density, some channels with one symbol or all knots at one end."""
    knots: Any = np.sort(rng.integers(0, 65536, (CHANNELS, tables.KNOTS)), -1)
    knots[0] = rng.choice([0, 65535])
    size: Any = np.array([*rng.integers(1, 65, 2), rng.choice([1, 64, 255])])
    pairs = CHANNELS * (CHANNELS - 1) // 2

    def drawn(kind: Any, least: int, *shape: int) -> Any:
        return rng.integers(least, np.iinfo(kind).max, shape, kind, endpoint=True)

    return CodingTable(
        knots=knots.astype(np.uint16),
        reach=drawn(np.uint8, 1, CHANNELS),
        lowest=drawn(np.int8, -128, CHANNELS),
        size=size.astype(np.uint8),
        weights=Weights(
            drawn(np.int8, -127, CHANNELS, 4),
            drawn(np.int8, -127, pairs),
            drawn(np.uint8, 0, CHANNELS, 4),
            drawn(np.uint8, 0, pairs),
            drawn(np.uint8, 1, CHANNELS),
        ),
    )


def any_cues(rng, table) -> np.ndarray:
    """Cues int32 [NUMBER, h, w, M] within the window, often at its ends."""
    shape = (NUMBER, HEIGHT, WIDTH, CHANNELS)
    symbols = rng.integers(0, table.size, shape)
    ends = np.where(rng.random(shape) < 0.5, 0, table.size.astype(int) - 1)
    symbols = np.where(rng.random(shape) < rng.choice([0.1, 0.9]), symbols, ends)
    return (symbols + table.lowest).astype(np.int32)


def encoded(table, cues, tag, lanes):
    """The words, and where the strings of all tasks are, with the tables as one."""
    room = rans.worst_case_words(HEIGHT * WIDTH * CHANNELS // lanes)
    coded = [
        encode(one, cue, own, lanes=lanes, max_words=room)
        for one, cue, own in zip(table, cues, tag, strict=True)
    ]
    words, length = (jnp.concatenate(leaves) for leaves in zip(*coded, strict=True))
    assert int(length.max()) <= room
    strings = coding.Lanes(
        start=jnp.arange(len(words)) * room,
        length=length,
        which=jnp.repeat(jnp.arange(TASKS), NUMBER * lanes),
        tag=jnp.asarray(np.concatenate(tag)),
    )
    return words.reshape(-1), strings, jax.tree.map(lambda *leaves: jnp.stack(leaves), *table)


def example_of(seed, lanes):
    """Tables, cues and tags of every task."""
    rng = np.random.default_rng(seed)
    table = [any_table(rng) for _ in range(TASKS)]
    tag = [rng.integers(0, 1 << 16, NUMBER * lanes, np.uint32) for _ in range(TASKS)]
    return table, [any_cues(rng, one) for one in table], tag


@pytest.mark.parametrize("lanes", [1, 2])
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_any_cues_come_back_under_any_tables_of_several_tasks(lanes, seed):
    table, cues, tag = example_of(seed, lanes)
    latents, intact = decode(*encoded(table, cues, tag, lanes), rows=HEIGHT // lanes, width=WIDTH)
    assert np.asarray(intact).all()
    np.testing.assert_array_equal(
        latents.reshape(-1, HEIGHT, WIDTH, CHANNELS), np.concatenate(cues)
    )


@pytest.mark.parametrize("lanes", [1, 2])
def test_cues_beyond_the_window_come_back_clipped(lanes):
    table, cues, tag = example_of(3, lanes)
    far = [one + np.random.default_rng(0).integers(-30, 31, one.shape) for one in cues]
    latents, intact = decode(*encoded(table, far, tag, lanes), rows=HEIGHT // lanes, width=WIDTH)
    assert np.asarray(intact).all()
    clipped = [
        np.clip(cue, one.lowest, one.lowest + one.size.astype(int) - 1)
        for cue, one in zip(far, table, strict=True)
    ]
    assert (np.concatenate(clipped) != np.concatenate(far)).any()
    np.testing.assert_array_equal(
        latents.reshape(-1, HEIGHT, WIDTH, CHANNELS), np.concatenate(clipped)
    )


def test_a_string_holds_its_rows_channel_after_channel():
    table = any_table(np.random.default_rng(0))
    # 7, 8 and 9 symbols, so that the symbols' intervals are told apart by their channel; no context, same scale.
    still = jax.tree.map(np.zeros_like, table.weights)._replace(
        base=np.full(CHANNELS, 64, np.uint8)
    )
    table = table.replace(
        knots=np.tile(np.linspace(0, 65535, 33).astype(np.uint16), (CHANNELS, 1)),
        reach=np.full(CHANNELS, 64, np.uint8),
        lowest=np.full(CHANNELS, -3, np.int8),
        size=np.array([7, 8, 9], np.uint8),
        weights=still,
    )
    cues = np.random.default_rng(1).integers(-3, 4, (1, HEIGHT, WIDTH, CHANNELS)).astype(np.int32)
    first, _ = intervals(table, cues, lanes=2)
    # Reach 8: symbol a begins at cumulative (a - 3.5 + 8) / 16, but the first one at 0.
    share = (cues - 0.5 + 8) / 16
    share = (cues + 3) + (4096 - np.array([7, 8, 9])) * share
    expected = np.where(cues == -3, 0, share).reshape(2, 2 * WIDTH, CHANNELS)
    np.testing.assert_allclose(first, expected.swapaxes(1, 2).reshape(2, -1), atol=2)


@functools.partial(jax.jit, static_argnames="lanes")
def information(params, cues, lanes):
    """Bits of each string [N * L]."""
    values = cues.astype(jnp.float32)
    return context.information(params, values, values, lanes).reshape(len(cues) * lanes, -1).sum(-1)


@pytest.mark.parametrize(("seed", "lanes"), [(0, 1), (5, 1), (0, 2)])
def test_strings_are_as_long_as_the_density_foretold(seed, lanes, random_params, draw_cues):
    params = random_params(seed, 8)
    cues = draw_cues(params, 48, 8, 8, jax.random.key(seed))
    table = tables.build(params, cues, jnp.ones(48, bool))
    tag = jnp.zeros(48 * lanes, jnp.uint32)
    _, length = encode(table, cues, tag, lanes=lanes, max_words=rans.worst_case_words(512))
    foretold, coded = np.asarray(information(params, cues, lanes)) / 8, 2 * np.asarray(length)
    assert (coded <= 1.02 * foretold + 6).all()
    assert coded.mean() <= 1.01 * foretold.mean() + 3.2
    # A string may be luckier than its density, but not all of them.
    assert coded.mean() >= 0.99 * foretold.mean() + 1


def test_decoding_is_the_same_without_jit_and_on_four_devices():
    table, cues, tag = example_of(11, 2)
    words, strings, both = encoded(table, cues, tag, 2)
    # Twelve strings: three for each device.
    expected = np.concatenate(cues).reshape(12, 2, WIDTH, CHANNELS)
    read = functools.partial(coding.decode, rows=2, width=WIDTH)
    with jax.disable_jit():
        plain, intact = read(words, strings, both)
    np.testing.assert_array_equal(plain, expected)
    assert np.asarray(intact).all()
    for devices in (1, 4):
        of_device = jax.tree.map(lambda x, n=devices: x.reshape(n, -1), strings)
        mapped = jax.pmap(read, in_axes=(None, 0, None), devices=jax.local_devices()[:devices])
        latents, intact = mapped(words, of_device, both)
        np.testing.assert_array_equal(latents.reshape(expected.shape), expected)
        assert np.asarray(intact).all()


def test_encoding_is_the_same_without_jit():
    table, cues, tag = example_of(12, 2)
    compiled = encode(table[0], cues[0], tag[0], lanes=2, max_words=20)
    with jax.disable_jit():
        arrays = jax.tree.map(jnp.asarray, (table[0], cues[0], tag[0]))
        plain = coding.encode(*arrays, lanes=2, max_words=20)
    jax.tree.map(np.testing.assert_array_equal, plain, compiled)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None, derandomize=True)
def test_garbage_is_decoded_to_something_and_flagged(seed):
    rng = np.random.default_rng(seed)
    table, cues, tag = example_of(seed, 1)
    words, strings, both = encoded(table, cues, tag, 1)
    garbage = jnp.asarray(rng.integers(0, 1 << 16, len(words)), jnp.uint16)
    # Wherever it begins, behind the end of the block too, and under tables that are garbage themselves.
    astray = strings._replace(
        start=jnp.asarray(rng.integers(0, 2 * len(words), len(strings.start)))
    )
    broken = jax.tree.map(
        lambda x: jnp.asarray(
            rng.integers(0, 256, x.nbytes).astype(np.uint8).view(x.dtype)
        ).reshape(x.shape),
        jax.device_get(both),
    )
    for where, under in ((strings, both), (astray, both), (strings, broken)):
        latents, intact = decode(garbage, where, under, rows=HEIGHT, width=WIDTH)
        assert latents.shape == (TASKS * NUMBER, HEIGHT, WIDTH, CHANNELS)
        # Each passes with probability 2^-16 and the chance that its length is right.
        assert not np.asarray(intact).any()
