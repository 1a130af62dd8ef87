"""The story: phases in the documented order, steps compiled once, parts that can be swapped."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.methods import Method, get_method, method_names, register_method
from braincl_jax.parts import recall
from braincl_jax.pipeline import phases
from braincl_jax.sleep import class_balanced, replay_step
from braincl_jax.sleep.prefetch import prefetched_for
from braincl_jax.state import PHASES, Progress

WITHOUT_CODEC = ("finetune", "joint", "replay_raw", "replay_raw_and_task")
# The tiny brain does not refine its cues.
DONE = tuple(name for name in PHASES if name != "refine")


@pytest.mark.parametrize("method", ["braincl", "replay_raw"])
def test_each_step_is_traced_once_for_the_whole_sequence(method, diary_of):
    diary = diary_of(method)
    assert diary.traces == dict.fromkeys(diary.steps, 1)


@pytest.mark.parametrize("method", method_names())
def test_phases_come_in_the_documented_order(method, tiny_stream, tiny_config):
    names = [phase.name for phase in phases(get_method(method), tiny_stream, tiny_config)]
    expected = [name for name in DONE if name != "encode" or method not in WITHOUT_CODEC]
    assert names == expected


@pytest.mark.parametrize("method", method_names())
def test_cues_are_refined_between_memorising_and_classifying(method, tiny_stream, tiny_config):
    codec = dataclasses.replace(tiny_config.codec, refine_epochs=2)
    config = dataclasses.replace(tiny_config, codec=codec)
    names = [phase.name for phase in phases(get_method(method), tiny_stream, config)]
    without = ("encode", "refine") if method in WITHOUT_CODEC else ()
    assert names == [name for name in PHASES if name not in without]


def test_every_task_goes_through_all_phases(diary):
    assert diary.order == [(task, phase) for task in range(2) for phase in DONE]


def test_a_phase_yields_as_many_batches_as_it_announces(tiny_stream, tiny_config):
    for phase in phases(get_method("braincl"), tiny_stream, tiny_config):
        batches = list(phase.batches(1))
        assert len(batches) == phase.num_steps(1) > 0, phase.name


def test_what_comes_in_comes_in_awake_and_nothing_at_night(tiny_stream, tiny_config):
    for phase in phases(get_method("braincl"), tiny_stream, tiny_config):
        comes_in = any(batch is not None for batch in phase.batches(0))
        assert comes_in == (phase.name in ("encode", "memorise", "classify")), phase.name


@pytest.mark.parametrize("method", method_names())
def test_nothing_that_trains_sees_a_test_image(method, tiny_stream, tiny_config):
    blind = dataclasses.replace(tiny_stream, _test=None)
    for phase in phases(get_method(method), blind, tiny_config):
        for task in range(tiny_config.num_tasks):
            assert len(list(phase.batches(task))) == phase.num_steps(task)


def test_memorise_shows_every_image_once(tiny_stream, tiny_config):
    memorise = phases(get_method("braincl"), tiny_stream, tiny_config)[2]
    index = np.concatenate([batch.index for batch in memorise.batches(1) if batch is not None])
    assert sorted(index[index >= 0]) == list(range(tiny_stream.spec.task_sizes[1]))


def test_no_wake_epochs_leave_the_wake_classification_out(tiny_stream, tiny_config, make_parts):
    wake = dataclasses.replace(tiny_config.wake, epochs=0)
    classify = phases(
        get_method("braincl"), tiny_stream, dataclasses.replace(tiny_config, wake=wake)
    )[3]
    assert classify.name == "classify"
    assert list(classify.batches(0)) == []
    make_parts(wake=wake)  # and the schedules can still be built


def test_progress_counts_the_steps_of_the_last_phase(diary, tiny_config):
    progress = diary.after[1, "replay"].progress
    assert int(progress.task) == 1
    assert PHASES[int(progress.phase)] == "replay"
    assert int(progress.step) == tiny_config.sleep.steps


def test_a_phase_counts_from_nought_in_every_task():
    progress = Progress(
        task=jnp.int32(0), phase=jnp.int32(PHASES.index("replay")), step=jnp.int32(7)
    )
    assert int(progress.steps_done("replay")) == 7
    assert int(progress.steps_done("encode")) == 0
    assert int(progress.advance("replay").step) == 8
    assert int(progress.advance("start").step) == 1


def test_examples_shown_are_counted_by_phase(diary, tiny_config):
    shown = diary.after[1, "replay"].consolidation.examples
    codec, sleep = tiny_config.codec, tiny_config.sleep
    assert {name: int(count) for name, count in shown.items()} == {
        "encode": (codec.first_steps + codec.steps) * codec.batch_size,
        "refine": 0,
        "classify": 2 * 48,
        "replay": (sleep.first_steps + sleep.steps) * sleep.batch_size,
    }


def test_a_sampler_that_is_handed_in_is_the_one_that_is_used(diary):
    state = diary.after[1, "transfer"]

    def only_slot_three(key, index, num_classes, num_groups, group_size):
        del key, num_classes
        slot = jnp.full((num_groups, group_size), 3)
        return index.task[slot[:, 0]], slot

    parts = dataclasses.replace(diary.parts, sampler=only_slot_three)
    _, (task, slot, _) = jax.jit(lambda state: prefetched_for(state, jnp.int32(0), parts, None))(
        state
    )
    assert (slot == 3).all()
    recalled = jax.jit(functools.partial(recall, parts.memory))(state.memory, task, slot)
    images = np.asarray(recalled.image)
    assert (images == images[0, 0]).all()
    stored = parts.memory.index(state.memory)
    assert (recalled.label == stored.label[3]).all()


@pytest.mark.parametrize("part", ["sampler", "augment"])
def test_the_replay_step_calls_the_part_that_is_handed_in(diary, part):
    calls = []

    def mine(*arguments):
        calls.append(part)
        return getattr(diary.parts, part)(*arguments)

    parts = dataclasses.replace(diary.parts, **{part: mine})
    state, batch = diary.before[1, "replay"]
    jax.eval_shape(functools.partial(replay_step, parts=parts), state, batch)
    assert calls == [part]


def test_the_default_sampler_is_class_balanced(diary):
    assert diary.parts.sampler is class_balanced


def test_a_method_name_is_taken_only_once():
    method = get_method("finetune")
    assert isinstance(method, Method)
    with pytest.raises(ValueError, match="'finetune' is registered already"):
        register_method("finetune", method)
