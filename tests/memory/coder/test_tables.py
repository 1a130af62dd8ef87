"""Integer tables: every symbol has its interval whatever the knots, and costs what the density predicted."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy.stats import logistic

from braincl_jax.memory.codec import context, density
from braincl_jax.memory.coder import coding, tables
from braincl_jax.memory.coder.tables import CodingTable

ALL_SLOTS, ALL_LETTERS = np.arange(4096), np.arange(-1, 257)
build = jax.jit(tables.build)


@jax.jit
def all_starts(channel, expected, scale):
    """Where the symbols of ALL_LETTERS begin, of one channel."""
    return tables.starts(tables.rows_of(channel, expected, scale), jnp.asarray(ALL_LETTERS))


@jax.jit
def find_all(channel, expected, scale):
    """Symbol, start and frequency of every slot, of one channel."""
    return tables.find(
        tables.rows_of(channel, expected, scale),
        jnp.asarray(ALL_SLOTS),
        tables.search_rounds(channel.size),
    )


@jax.jit
def find_all_at_once(channel, expected, scale):
    """What `find_all` returns, the way GPUs look for it."""
    rows, slots = tables.rows_of(channel, expected, scale), jnp.asarray(ALL_SLOTS)
    return tables._find_at_once(rows, slots, jnp.int32(0))


def channel_of(knots, reach, lowest, size):
    table = CodingTable(
        jnp.asarray(knots, jnp.uint16)[None],
        *(jnp.asarray([one]) for one in (reach, lowest, size)),
        weights=tables.init(1).weights,
    )
    return tables.channels_of(table, jnp.int32(0))


def logistic_params(channels):
    """Every channel logistic with scale 1, and a context that tells nothing."""
    return {"cumulative": density.init(jax.random.key(0), channels), "context": silent(channels)}


def silent(channels):
    """Spread 1 and expectation 0 whatever the neighbours."""
    nothing = context.init(channels)
    for name in ("scale_own", "scale_before"):
        nothing[name] = jnp.full_like(nothing[name], -20)
    return nothing


def cues_of(values):
    """One cue for every row of `values` [N, M], of a single position."""
    return jnp.asarray(values, jnp.int32)[:, None, None]


def build_table(values, valid=None):
    cues = cues_of(values)
    valid = np.ones(len(cues), bool) if valid is None else np.asarray(valid)
    return build(logistic_params(cues.shape[-1]), cues, valid)


steep = st.integers(0, 32).map(lambda at: np.repeat([0, 65535], [at, 33 - at]))
any_knots = npst.arrays(np.int32, 33, elements=st.integers(0, 65535)).map(np.sort)
channels = st.builds(
    channel_of, any_knots | steep, st.integers(1, 255), st.integers(-128, 127), st.integers(1, 255)
)
expectations, scales = st.integers(-context.LARGEST, context.LARGEST), st.integers(1, 400)
scales = scales | st.integers(1, context.LARGEST)


@given(channels, expectations, scales)
@settings(max_examples=200, deadline=None)
def test_every_letter_has_an_interval_and_together_they_span_0_to_4096(channel, expected, scale):
    starts = np.asarray(all_starts(channel, np.int32(expected), np.int32(scale)))
    size = int(channel.size)
    inside = starts[1 : size + 2]
    assert (inside[0], inside[-1]) == (0, 4096)
    assert (np.diff(inside) >= 1).all()
    # Before the first symbol nothing begins, and beyond the last one everything has.
    assert starts[0] == 0
    assert (starts[size + 2 :] == 4096).all()


@given(channels, expectations, scales)
@settings(max_examples=50, deadline=None)
def test_every_slot_belongs_to_the_letter_whose_interval_it_is_in(channel, expected, scale):
    context_of = np.int32(expected), np.int32(scale)
    edges = np.asarray(all_starts(channel, *context_of))[1 : int(channel.size) + 2]
    symbol, first, frequency = map(np.asarray, find_all(channel, *context_of))
    np.testing.assert_array_equal(symbol, np.repeat(np.arange(len(edges) - 1), np.diff(edges)))
    np.testing.assert_array_equal(first, edges[symbol])
    np.testing.assert_array_equal(frequency, np.diff(edges)[symbol])


@given(channels, st.integers(-3000, 3000), st.integers(1, 8192))
@settings(max_examples=50, deadline=None)
def test_gpus_find_the_same_symbols_all_at_once(channel, expected, scale):
    context_of = np.int32(expected), np.int32(scale)
    for at_once, by_halves in zip(
        find_all_at_once(channel, *context_of), find_all(channel, *context_of), strict=True
    ):
        assert at_once.dtype == by_halves.dtype
        np.testing.assert_array_equal(at_once, by_halves)


def test_a_gpu_has_no_loop_to_wait_for():
    table = build_table([[-1, 0], [2, 0]])
    arguments = tables.channels_of(table, jnp.int32(0)), np.int32(0), np.int32(64)
    traced = find_all.trace(*arguments)
    loops = {
        platform: traced.lower(lowering_platforms=(platform,)).as_text().count("stablehlo.while")
        for platform in ("cpu", "cuda", "tpu")
    }
    assert loops["cuda"] == 0 and loops["cpu"] == loops["tpu"] == 1


@given(channels, st.integers(-50, 50), st.integers(1, 400), st.integers(-40, 40))
@settings(max_examples=50, deadline=None)
def test_what_is_expected_elsewhere_moves_the_letters_along(channel, expected, scale, shift):
    channel = channel.replace(lowest=channel.lowest // 2)
    moved = channel.replace(lowest=channel.lowest + shift)
    np.testing.assert_array_equal(
        all_starts(channel, np.int32(expected), np.int32(scale)),
        all_starts(moved, np.int32(expected + 64 * shift), np.int32(scale)),
    )


def test_knots_of_a_logistic_density_by_hand():
    table = build_table([[-1, 0], [2, 0]])
    # The tails beyond d are 1 / (1 + e^d) < 1/4096 where d > ln 4095 = 8.32 = 66.5 / 8.
    np.testing.assert_array_equal(table.reach, [67, 67])
    assert table.knots.dtype == np.uint16
    assert table.knots.shape == (2, 33)
    # 65535 / (1 + e^8.375) = 15.1 at one end, 65520 at the other; the median has half of 65535, rounded to even.
    assert table.knots[0, [0, 16, 32]].tolist() == [15, 32768, 65520]
    # Every knot is 67 / 8 / 16 away from the next.
    expected = 65535 * logistic.cdf(np.arange(-16, 17) * 67 / 128)
    np.testing.assert_allclose(table.knots[0], expected, atol=0.51)


@pytest.mark.parametrize(("expected", "scale"), [(0, 64), (32, 64), (-96, 160)])
def test_intervals_of_a_logistic_density_by_hand(expected, scale):
    table = build_table([[-3], [4]])
    channel = tables.channels_of(table, jnp.int32(0))
    starts = np.asarray(all_starts(channel, np.int32(expected), np.int32(scale)))[1:10]
    # 8 symbols have one unit each; the other 4088 are as likely as between their edges -3.5, -2.5, ..., 4.5.
    edges = (np.arange(-3, 6) - 0.5 - expected / 64) / (scale / 64)
    ideal = np.arange(9) + 4088 * logistic.cdf(edges)
    # Lines are in place of the curve, whose second derivative is up to 0.096: 0.52 wide, they are off by up to
    # 0.52^2 / 8 * 0.096 * 4088 = 13. The ends take all that is beyond the window.
    np.testing.assert_allclose(starts[1:-1], ideal[1:-1], atol=15)
    assert (starts[0], starts[-1]) == (0, 4096)


def test_half_way_between_knots_the_cumulative_is_their_mean_by_hand():
    # Knots 0 .. 32 * 2000; reach 16 of 1/8 times a scale of 128 = span of 256, hence 16 units of 1/64 a knot.
    channel = channel_of(np.arange(33) * 2000, 16, -4, 8)
    starts = all_starts(channel, np.int32(8), np.int32(128))
    # Symbol a has its lower edge at 64 * (a - 4) - 32 - 8: symbol 4 is 40 below the median, 216 above the lower end,
    # so 13.5 knots: 27000 of 65536; (4096 - 8) * 27000 / 65536 = 1684.2, and one for each symbol before it.
    assert starts[1 + 4] == 1684 + 4
    # Symbol 5 is 64 further, four knots: 4088 * 35000 / 65536 = 2183.2.
    assert starts[1 + 5] == 2183 + 5


def test_the_window_covers_the_valid_cues():
    table = build_table([[-1, 3], [2, 3], [50, -50]], valid=[True, True, False])
    # Values -1, 0, 1, 2 in the first channel and 3 alone in the second.
    np.testing.assert_array_equal(table.lowest, [-1, 3])
    np.testing.assert_array_equal(table.size, [4, 1])


def test_a_table_without_a_valid_cue_can_still_code():
    table = build_table([[7], [-7]], valid=[False, False])
    assert table.size.tolist() == [1]


def test_a_range_of_more_than_255_values_is_clipped_to_those_in_its_middle():
    values = np.array([[-140], [-126], [-128], [0], [126], [128], [140]])
    table = build_table(values)
    # From -140 to 140 the middle is 0: 127 values below it, and 127 above.
    assert (table.lowest.tolist(), table.size.tolist()) == ([-127], [255])
    symbols = tables.to_symbols(table, cues_of(values))
    assert symbols.ravel().tolist() == [0, 1, 0, 127, 253, 254, 254]
    clipped = tables.to_cues(table.lowest, symbols)
    assert clipped.ravel().tolist() == [-127, -126, -127, 0, 126, 127, 127]


@given(st.lists(st.integers(-300, 300), min_size=4, max_size=4), st.integers(0, 4))
@settings(max_examples=60, deadline=None)
def test_every_letter_that_a_cue_becomes_is_in_the_window(values, number):
    valid = np.arange(4) < number
    values = np.reshape(values, (4, 1))
    table = build_table(values, valid)
    symbols = np.asarray(tables.to_symbols(table, cues_of(values))).ravel()
    assert 1 <= int(table.size[0]) <= 255
    assert ((symbols >= 0) & (symbols < int(table.size[0]))).all()
    seen = values[valid]
    if number and seen.min() >= -128 and seen.max() <= 127 and np.ptp(seen) < 255:
        np.testing.assert_array_equal(symbols[valid] + int(table.lowest[0]), seen[:, 0])


@given(st.integers(-128, 127), st.lists(st.integers(0, 63), min_size=6, max_size=6))
@settings(max_examples=30, deadline=None)
def test_letters_and_cues_are_inverse_in_the_window(lowest, offsets):
    table = tables.init(1).replace(
        lowest=jnp.full(1, lowest, jnp.int8), size=jnp.full(1, 64, jnp.uint8)
    )
    cues = cues_of(np.reshape(offsets, (6, 1))) + lowest
    symbols = tables.to_symbols(table, cues)
    assert symbols.ravel().tolist() == offsets
    np.testing.assert_array_equal(tables.to_cues(table.lowest, symbols), cues)


def test_channels_are_counted_through_all_tasks():
    one = build_table([[-1, 3], [2, 3]])
    other = build_table([[5, -9], [6, 1]])
    both: CodingTable = jax.tree.map(lambda *leaves: jnp.stack(leaves), one, other)
    # Channel 1 of task 1, then channel 0 of task 0.
    found = tables.channels_of(both, jnp.array([3, 0]))
    assert found.lowest.tolist() == [-9, -1]
    assert found.size.tolist() == [11, 4]
    assert found.offset.tolist() == [96, 0]
    steps = np.asarray(found.steps[96:128])
    np.testing.assert_array_equal(steps % 65536, other.knots[1, :-1])
    np.testing.assert_array_equal(steps // 65536, other.knots[1, 1:])


@pytest.mark.parametrize("seed", [0, 5])
def test_information_under_the_table_is_that_under_the_density(seed, random_params, draw_cues):
    params = random_params(seed, 8)
    cues = draw_cues(params, 48, 8, 8, jax.random.key(seed))
    table = build(params, cues, np.ones(48, bool))
    _, frequency = jax.jit(coding.intervals, static_argnums=2)(table, cues, 1)
    values = cues.astype(jnp.float32)
    foretold = np.asarray(jax.jit(context.information)(params, values, values))
    # Of every channel too: the nearly silent ones are where integers could cost most.
    stored = -np.log2(np.asarray(frequency) / 4096).reshape(48, 8, -1)
    np.testing.assert_allclose(stored.sum(), foretold.sum(), rtol=0.01)
    per_latent = stored.mean((0, 2)) - foretold.mean((0, 1, 2))
    assert np.abs(per_latent).max() < 0.03


def test_room_for_cues_to_come_is_half_the_extent_on_either_side():
    low, high = tables.with_room(jnp.array([0, -100, 5]), jnp.array([9, 100, 5]))
    assert low.tolist() == [-5, -200, 3] and high.tolist() == [14, 200, 7]
    params = logistic_params(3)
    table = tables.build_for(params, low, high)
    assert table.lowest.tolist() == [-5, -127, 3] and table.size.tolist() == [20, 255, 5]
    # Of no cues there is an extent that nothing lies in; it has no room either.
    nothing = tables.extent(jnp.zeros((1, 1, 1, 3), jnp.int32), jnp.zeros(1, bool))
    narrow, wide = (
        tables.build_for(params, *extent) for extent in (nothing, tables.with_room(*nothing))
    )
    jax.tree.map(np.testing.assert_array_equal, narrow, wide)
