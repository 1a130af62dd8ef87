"""Every wake and sleep step: pure, of fixed shapes, and changing only what it should."""

import dataclasses
import functools
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax import pipeline
from braincl_jax.memory import working
from braincl_jax.memory.block import store
from braincl_jax.memory.codec import quantise
from braincl_jax.memory.cue_layout import CueLayout

STEPS = [
    *[
        ("braincl", name)
        for name in ("start", "encode", "memorise", "classify", "transfer", "replay")
    ],
    *[("replay_raw", name) for name in ("memorise", "transfer", "replay")],
]


@pytest.fixture(scope="module")
def cached(make_method, diary):
    """`braincl_cached`, and a state of it on the verge of its transfer."""
    method = make_method(method="braincl_cached")
    state = diary.before[0, "transfer"].state
    empty = jax.jit(method.layout.init)(state.key).long_term
    return method, state.replace(memory=state.memory.replace(long_term=empty))


def decoded(layout, memory, task, slot):
    """What the strings recall, past the cache."""
    read = CueLayout.read(layout, memory, task, slot)
    return CueLayout.complete(layout, memory, task, slot, read)


def program(function, *arguments) -> str:
    """What is traced, with the addresses of Python objects left out."""
    return re.sub(r"0x[0-9a-f]+", "", str(jax.make_jaxpr(function)(*arguments)))


def check_traced_twice(phase, state, batch):
    """A new trace is the same program, and the step leaves the tree that it is given as it is."""

    def watched(state, batch):
        structure, leaves = jax.tree.structure(state), jax.tree.leaves(state)
        result = phase(state, batch)
        assert jax.tree.structure(state) == structure
        assert all(a is b for a, b in zip(jax.tree.leaves(state), leaves, strict=True))
        return result

    assert program(watched, state, batch) == program(
        functools.partial(watched), state, batch
    )  # a new function object: traced anew


def check_run_twice(compiled, state, batch, to_numpy, assert_same):
    """The same input gives the same bits, and the input keeps its own."""
    kept = to_numpy((state, batch))
    first, second = compiled(state, batch), compiled(state, batch)
    assert_same(first, second)
    for (path, old), (_, new) in zip(kept, to_numpy((state, batch)), strict=True):
        np.testing.assert_array_equal(old, new, err_msg=path)


def abstract(tree):
    return jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype, leaf.weak_type), tree)


@pytest.mark.parametrize(("method", "phase"), STEPS)
def test_a_step_is_pure(method, phase, diary_of, to_numpy, assert_same):
    diary = diary_of(method)
    state, batch = diary.before[1, phase]
    check_run_twice(diary.steps[phase], state, batch, to_numpy, assert_same)


@pytest.mark.parametrize(("method", "phase"), STEPS)
def test_a_step_traced_anew_is_the_same_program_and_mutates_nothing(method, phase, diary_of):
    diary = diary_of(method)
    check_traced_twice(diary.phases[phase], *diary.before[1, phase])


@pytest.mark.parametrize(("method", "phase"), STEPS)
def test_a_step_keeps_the_structure_shapes_and_types_of_the_state(method, phase, diary_of):
    diary = diary_of(method)
    state, batch = diary.before[1, phase]
    given = jax.eval_shape(lambda state: state, state)
    new_state, _ = jax.eval_shape(diary.phases[phase], state, batch)
    assert abstract(new_state) == abstract(given)


def test_the_transfer_that_decodes_is_pure_and_caches_what_is_recalled(
    cached, to_numpy, assert_same
):
    method, state = cached
    transfer = method.transfer()
    compiled = jax.jit(transfer)
    check_run_twice(compiled, state, None, to_numpy, assert_same)
    check_traced_twice(transfer, state, None)
    memory = compiled(state, None)[0].memory
    stored = method.layout.num_stored(memory)
    assert stored > 0
    decode = jax.jit(functools.partial(decoded, method.layout))
    recalled = decode(memory, jnp.zeros(1, int), jnp.arange(stored)[None])
    assert recalled.intact.all()
    np.testing.assert_array_equal(recalled.image[0], memory.long_term.cache[:stored])


def test_classify_changes_only_the_head(diary, assert_same):
    state, batch = diary.before[1, "classify"]
    new, _ = diary.steps["classify"](state, batch)
    assert_same(new.encoder.params["backbone"], state.encoder.params["backbone"])
    assert_same(new.encoder.batch_stats, state.encoder.batch_stats)
    assert_same(new.encoder.sleep_opt, state.encoder.sleep_opt)
    assert_same(new.memory, state.memory)
    change = new.encoder.params["head"]["kernel"] - state.encoder.params["head"]["kernel"]
    assert jnp.abs(change).max() > 0


def test_encode_changes_only_the_codec_of_the_day(diary, assert_same):
    state, batch = diary.before[1, "encode"]
    new, _ = diary.steps["encode"](state, batch)
    assert_same(new.encoder, state.encoder)
    assert_same(new.memory.long_term, state.memory.long_term)
    for name in ("analysis", "synthesis", "density"):
        changed = jax.tree.map(
            lambda a, b: bool((a != b).any()),
            new.memory.working.codec[name],
            state.memory.working.codec[name],
        )
        assert any(jax.tree.leaves(changed)), name


def test_a_fixed_density_does_not_move_while_the_transforms_do(
    diary, assert_same, make_method, tiny_config, tiny_stream
):
    method = make_method(codec=dataclasses.replace(tiny_config.codec, density="fixed"))
    encode = pipeline.encode(method.parts, method.layout, tiny_stream)
    state, batch = diary.before[0, "encode"]
    new, _ = jax.jit(encode)(state, batch)
    old_codec, codec = state.memory.working.codec, new.memory.working.codec
    assert_same(codec["density"], old_codec["density"])
    moved = jax.tree.map(
        lambda a, b: bool((a != b).any()), codec["synthesis"], old_codec["synthesis"]
    )
    assert any(jax.tree.leaves(moved))


def test_memorise_writes_every_image_once_and_leaves_padding_out(diary, tiny_stream):
    labels = diary.after[1, "memorise"].memory.working.labels
    np.testing.assert_array_equal(labels, tiny_stream.train_labels(1))


def test_transfer_keeps_nothing_of_g_a_and_empties_working_memory(diary, assert_same):
    state, _ = diary.before[1, "transfer"]
    day = state.memory.working
    other_codec = day.codec | {"analysis": jax.tree.map(lambda x: 1 - x, day.codec["analysis"])}
    other = state.replace(memory=state.memory.replace(working=day.replace(codec=other_codec)))
    new, metrics = diary.steps["transfer"](state, None)
    assert_same((new, metrics), diary.steps["transfer"](other, None))
    left = new.memory.working
    assert (left.labels == working.EMPTY).all()
    assert not any(leaf.any() for leaf in jax.tree.leaves((left.cues, left.codec, left.codec_opt)))
    assert (day.labels != working.EMPTY).any()
    assert metrics["stored"] > 0


class Untouchable:
    """Stands in for a batch that nobody may look at."""

    def __getattribute__(self, name):
        raise AssertionError(f"the step looked at batch.{name}")


def test_replay_takes_no_batch(diary):
    state, batch = diary.before[1, "replay"]
    assert batch is None
    replay = diary.phases["replay"]
    night = program(lambda state: replay(state, None), state)
    assert night == program(lambda state: replay(state, Untouchable()), state)


def test_a_warm_start_takes_the_stored_decoder_and_a_fresh_analysis(diary, assert_same):
    first, second = diary.after[0, "start"], diary.after[1, "start"]
    record, intact = store.read_record(
        second.memory.long_term, diary.method.layout.format, jnp.int32(0)
    )
    assert intact
    codec = second.memory.working.codec
    assert_same(codec["synthesis"], jax.jit(quantise.dequantise)(record.decoder))
    assert_same(codec["analysis"], first.memory.working.codec["analysis"])
    trained = diary.before[0, "transfer"].state.memory.working.codec["analysis"]
    assert (trained["Conv_0"]["kernel"] != codec["analysis"]["Conv_0"]["kernel"]).any()


def test_a_cold_start_takes_fresh_transforms(diary, make_method, tiny_config):
    method = make_method(codec=dataclasses.replace(tiny_config.codec, warm_start=False))
    state, _ = diary.before[1, "start"]
    new, _ = jax.jit(pipeline.start(method.parts, method.layout))(state, None)
    fresh = diary.after[0, "start"].memory.working.codec
    # Two compilations of the same random numbers may differ in their last bit.
    compare = functools.partial(np.testing.assert_allclose, rtol=1e-6, atol=1e-7)
    jax.tree.map(compare, new.memory.working.codec["synthesis"], fresh["synthesis"])


def test_starting_a_task_adds_its_classes_to_those_seen(diary):
    seen = [diary.after[task, "start"].consolidation.seen_classes.tolist() for task in range(2)]
    assert seen == [[True, True, False, False], [True] * 4]
