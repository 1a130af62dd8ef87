"""A brain whose tasks share a part of the codec: trained by the first task, and nobody's from then on."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax import parts, pipeline
from braincl_jax.memory.block import store
from braincl_jax.memory.block.integrity import CorruptMemoryError
from braincl_jax.memory.codec import quantise
from braincl_jax.memory.codec.transforms import ANALYSIS
from braincl_jax.memory.exchange import export_memory, import_memory
from braincl_jax.memory.inspection import find_damages
from braincl_jax.memory.policy import OpenEnded

DECODER = {"Conv_0", "Conv_1", "linear", "log_gain"}
# Knots, reach, lowest and size of four channels; weights of 4 neighbours and of 6 pairs, twice, and the base.
TABLE = 4 * (33 * 2 + 3) + 2 * (4 * 4 + 6) + 4
SHARED = {
    "trunk": {"Conv_0"},
    "decoder": DECODER,
    "codec": DECODER | {ANALYSIS},
    "all": DECODER | {ANALYSIS},
}


@pytest.fixture(scope="module", params=SHARED)
def life(request, make_method, tiny_config, tiny_stream, live_one):
    """The life of the tiny brain."""
    codec = dataclasses.replace(tiny_config.codec, shared=request.param)
    return live_one(make_method(codec=codec), tiny_stream)


@pytest.fixture(scope="module")
def shared(life) -> set[str]:
    """What is shared, by name."""
    return SHARED[life.method.parts.config.codec.shared]


@pytest.fixture(scope="module")
def memory(life):
    """Long-term memory after both tasks."""
    return life.after[1, "transfer"].memory.long_term


def networks_of(life, task, phase):
    """g_s by the names of its parameters, and g_a."""
    codec = life.after[task, phase].memory.working.codec
    return codec["synthesis"] | {ANALYSIS: codec["analysis"]}


def differing(one, other) -> set[str]:
    """Parameters of g_s, and g_a, that are not bit-equal."""
    return {
        name
        for name in one
        if any(
            jax.tree.leaves(jax.tree.map(lambda a, b: bool((a != b).any()), one[name], other[name]))
        )
    }


def test_each_step_is_traced_once_for_the_whole_sequence(life):
    assert life.traces == dict.fromkeys(life.steps, 1)


def test_the_first_task_trains_what_is_shared_and_later_ones_all_the_rest(life, shared):
    moved = [
        differing(networks_of(life, task, "start"), networks_of(life, task, "encode"))
        for task in (0, 1)
    ]
    everything = DECODER | {ANALYSIS}
    assert moved == [everything, everything - shared]


def test_encoding_moves_lambda_with_the_first_task_alone_where_the_whole_codec_is_shared(life):
    moved = [
        float(life.after[task, "encode"].memory.working.log_tradeoff)
        != float(life.after[task, "start"].memory.working.log_tradeoff)
        for task in (0, 1)
    ]
    assert moved == [True, life.method.parts.config.codec.shared not in ("codec", "all")]


def test_cues_are_made_with_the_weights_that_are_stored(life, memory):
    """Where g_a is shared, those of the first task too come from its stored form."""
    layout = life.method.layout
    if ANALYSIS not in layout.codec.trunk:
        pytest.skip("g_a is each task's own")
    (trunk, _), (state, batch) = store.read_trunk(memory, layout.format), life.before[0, "memorise"]
    written = life.steps["memorise"](state, batch)[0].memory.working
    stored = quantise.dequantise(trunk.decoder)[ANALYSIS]
    cues = np.asarray(layout.codec.separate(stored, batch.image))
    there = np.asarray(batch.index) >= 0
    found = np.asarray(written.cues)[np.asarray(batch.index)[there]]
    # A latent that lies halfway may go to either integer.
    clear = np.abs(cues[there] % 1 - 0.5) > 1e-4
    np.testing.assert_array_equal(found[clear], np.rint(cues[there])[clear])
    unstored = layout.codec.separate(state.memory.working.codec["analysis"], batch.image)
    assert (np.rint(unstored)[there] != found).any()


def test_later_tasks_train_with_what_is_stored_bit_for_bit(life, shared, memory, assert_same):
    trunk, intact = store.read_trunk(memory, life.method.layout.format)
    assert intact
    stored = jax.jit(quantise.dequantise)(trunk.decoder)
    for phase in ("start", "encode"):
        networks = networks_of(life, 1, phase)
        assert_same({name: networks[name] for name in shared}, stored)


def test_the_trunk_in_the_block_is_the_first_tasks_for_ever(life, memory):
    end = life.method.layout.format.records_end
    first = life.after[0, "transfer"].memory.long_term
    assert end < len(memory.words)
    np.testing.assert_array_equal(memory.words[end:], first.words[end:])


def test_the_first_tasks_cues_recall_what_they_recalled(life):
    recall = jax.jit(functools.partial(parts.recall, life.method.layout))
    stored = int(life.after[0, "transfer"].memory.long_term.task_counts[0])
    asked = (jnp.zeros(1, int), jnp.arange(stored)[None])
    before, after = (recall(life.after[task, "transfer"].memory, *asked) for task in (0, 1))
    assert before.intact.all() and after.intact.all()
    np.testing.assert_array_equal(before.image, after.image)


def test_a_cold_start_takes_what_is_shared_and_else_fresh_weights(life, shared, make_method):
    codec = dataclasses.replace(life.method.parts.config.codec, warm_start=False)
    method = make_method(codec=codec)
    state, _ = life.before[1, "start"]
    new, _ = jax.jit(pipeline.start(method.parts, method.layout))(state, None)
    cold, own = new.memory.working.codec["synthesis"], DECODER - shared
    warm, fresh = (networks_of(life, task, "start") for task in (1, 0))
    assert differing(cold, {name: warm[name] for name in DECODER}) == own
    # Two compilations of the same random numbers may differ in their last bit.
    compare = functools.partial(np.testing.assert_allclose, rtol=1e-6, atol=1e-7)
    jax.tree.map(compare, *({name: tree[name] for name in own} for tree in (cold, fresh)))


@pytest.mark.parametrize("phase", ["start", "encode", "transfer"])
def test_a_step_is_pure_and_keeps_shapes(phase, life, to_numpy, assert_same):
    # Where all is shared, only the first task trains the codec.
    state, batch = life.before.get((1, phase)) or life.before[0, phase]
    kept = to_numpy((state, batch))
    first, second = life.steps[phase](state, batch), life.steps[phase](state, batch)
    assert_same(first, second)
    for (path, old), (_, new) in zip(kept, to_numpy((state, batch)), strict=True):
        np.testing.assert_array_equal(old, new, err_msg=path)
    assert jax.tree.map(jnp.shape, first[0]) == jax.tree.map(jnp.shape, state)


@pytest.mark.parametrize(
    ("changes", "decoders"),
    [
        # Of the tiny decoder Conv_0 has 3 * 3 * 4 * 32 weights, 32 scales and 32 biases: 1152 + 128 bytes. Conv_1
        # has 3 * 3 * 8 * 4 weights, 4 scales, 4 biases; the linear path 4 * 16 and 16 scales; gains are 4: 408 bytes.
        ({}, 2 * (1280 + 408)),
        ({"shared": "trunk"}, 1280 + 2 * 408),
        # Weights of 2 bytes, no scales: 2304 + 64, and 576 + 8 + 128 + 8.
        ({"storage": "bfloat16"}, 2 * (2368 + 720)),
        ({"storage": "bfloat16", "shared": "trunk"}, 2368 + 2 * 720),
        ({"shared": "decoder"}, 1280 + 408),
        # g_a: Conv_0 has 3 * 3 * 4 * 8 weights, Conv_1 3 * 3 * 32 * 8, Conv_2 3 * 3 * 8 * 4, the linear path 16 * 4,
        # each with its scales, and biases are 8, 8 and 4; gains are 4: 288 + 2304 + 288 + 64 + 2 * (24 + 20 + 4).
        ({"shared": "codec"}, 1280 + 408 + 3040),
        ({"shared": "all"}, 1280 + 408 + 3040),
    ],
)
def test_the_bill_of_decoders_by_hand(changes, decoders, make_method, tiny_config):
    codec = dataclasses.replace(tiny_config.codec, **changes)
    format = make_method(codec=codec).layout.format
    full = store.empty_memory(format).replace(num_records=jnp.int32(2))
    bill = store.memory_bytes(full, format)
    assert bill["decoders"] == decoders
    assert sum(bill.values()) == tiny_config.budget_bytes


def test_what_the_trunk_saves_is_there_for_cues(life, make_method):
    own = life.method.layout
    other = make_method().layout
    plain, shared = (
        layout.funds(layout.init(jax.random.key(0)), jnp.int32(0)) for layout in (other, own)
    )
    allowances = [
        int(layout.policy.allowance(funds)) for layout, funds in ((other, plain), (own, shared))
    ]
    # Half of the words that two records and the trunk leave.
    assert allowances == [
        (format.num_words - store.part_words(format.trunk) - 2 * format.record_words) // 2
        for format in (other.format, own.format)
    ]
    # Who shares the block openly knows of the trunk too: half of it is for the first task, but for its record.
    room = own.format.num_words - store.part_words(own.format.trunk) - own.format.record_words
    assert int(OpenEnded().allowance(shared)) == room // 2
    # What decoders share is stored once and not twice, with a checksum of 4 bytes more; a g_a has its price.
    codec = 1280 + 408 - 3040 - 4
    saved = {
        "trunk": 1280 - 4,
        "decoder": 1280 + 408 - 4,
        "codec": codec,
        "all": codec + 4 + TABLE + 4,
    }
    assert allowances[1] - allowances[0] == saved[own.settings.shared] // 2 // 2


def test_where_all_is_shared_later_tasks_learn_nothing_of_it_and_leave_cues_alone(life, memory):
    if life.method.parts.config.codec.shared != "all":
        pytest.skip("tasks have densities of their own")
    layout, end = life.method.layout, life.method.layout.format.records_end
    assert [life.phases["encode"].num_steps(task) for task in (0, 1)] == [10, 0]
    assert store.index_end(memory, layout.format) == end
    bill = store.memory_bytes(memory, layout.format)
    assert bill["tables"] == TABLE
    records = [store.read_record(memory, layout.format, jnp.int32(task))[0] for task in (0, 1)]
    jax.tree.map(np.testing.assert_array_equal, *records)
    # What is recalled of the second task is what its cues stand for, read by the table of the first.
    assert int(life.metrics[1, "transfer"]["clipped"]) == 0
    working = life.before[1, "transfer"].state.memory.working
    recalled = parts.recall(
        layout, life.after[1, "transfer"].memory, jnp.ones(1, int), memory.task_counts[:1][None]
    )
    index = int(life.metrics[1, "transfer"]["origin"][int(memory.task_counts[0])])
    image = layout.codec.complete(
        quantise.dequantise(records[1].decoder), working.cues[index][None].astype(jnp.float32)
    )
    assert recalled.intact.all()
    np.testing.assert_allclose(
        np.asarray(recalled.image[0], np.float32) / 255, np.clip(image, 0, 1), atol=0.6 / 255
    )


def test_a_file_brings_the_trunk_back(life, memory, tmp_path, assert_same):
    layout = life.method.layout
    export_memory(tmp_path / "memory.npz", memory, layout, range(4))
    imported = import_memory(tmp_path / "memory.npz")
    assert_same(imported.memory, memory)
    for task in (0, 1):
        found, own = (
            store.read_record(one, format, jnp.int32(task))
            for one, format in ((imported.memory, imported.format), (memory, layout.format))
        )
        assert_same(found, own)
        assert found[1]


def test_a_flipped_bit_in_the_trunk_stops_replay_and_is_named_on_import(life, memory, tmp_path):
    words = memory.words.at[-1].set(memory.words[-1] ^ 1)
    damaged = memory.replace(words=words)
    state = life.after[1, "transfer"]
    state = state.replace(memory=state.memory.replace(long_term=damaged))
    _, metrics = life.steps["replay"](state, None)
    assert int(metrics["corrupt_slot"]) >= 0
    assert find_damages(memory, life.method.layout.format) == []
    export_memory(tmp_path / "memory.npz", damaged, life.method.layout, range(4))
    with pytest.raises(CorruptMemoryError, match="damaged: the trunk that all tasks share"):
        import_memory(tmp_path / "memory.npz")
