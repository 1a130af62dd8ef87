"""The story: phases in the documented order, steps compiled once, parts that can be swapped."""

import dataclasses
import functools
from typing import NamedTuple, cast

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax import pipeline
from braincl_jax.methods.exemplars import ExemplarMethod
from braincl_jax.methods.finetune import Finetune
from braincl_jax.methods.from_scratch import FromScratch
from braincl_jax.methods.joint import Joint
from braincl_jax.methods.replay_raw_and_task import ReplayRawAndTask
from braincl_jax.parts import recall
from braincl_jax.pipeline import Phase
from braincl_jax.prefetch import prefetched_for
from braincl_jax.registry import METHODS
from braincl_jax.sleep.sampler import ClassBalanced
from braincl_jax.state import Consolidation, Progress, named_key, phase_id
from braincl_jax.types import Draw, Now

# Tiny images need no fewer bytes.
ROOMY = {"replay_webp": "replay_webp(ratio=2.0)", "replay_jpeg": "replay_jpeg(ratio=1.0)"}
STORY = ("start", "encode", "memorise", "classify", "transfer", "replay")


@pytest.fixture(scope="module")
def phases_of(make_method, tiny_stream):
    """The phases of a method by name."""

    def find(name: str = "braincl", stream=tiny_stream, **changes) -> dict[str, Phase]:
        phases = make_method(method=name, **changes).phases(stream)
        return {phase.name: phase for phase in phases}

    return find


def left_out(method: str) -> list[str]:
    """Phases of the story that a method does without; it may have others of its own."""
    kind = cast(type, METHODS.get(method))
    does_without = {
        "encode": issubclass(kind, ExemplarMethod),
        "memorise": issubclass(kind, Finetune | Joint | ReplayRawAndTask),
        "classify": issubclass(kind, FromScratch | Joint),
    }
    return [name for name, without in does_without.items() if without]


@pytest.mark.parametrize("method", ["braincl", "replay_raw"])
def test_each_step_is_traced_once_for_the_whole_sequence(method, diary_of):
    diary = diary_of(method)
    assert diary.traces == dict.fromkeys(diary.steps, 1)


@pytest.mark.parametrize("method", METHODS.names())
def test_phases_come_in_the_documented_order(method, phases_of):
    told = [name for name in phases_of(method) if name in STORY]
    assert told == [name for name in STORY if name not in left_out(method)]


def test_every_task_goes_through_all_phases(diary):
    assert diary.order == [(task, phase) for task in range(2) for phase in STORY]


def test_the_night_begins_with_the_transfer(diary):
    assert [name for name, phase in diary.phases.items() if phase.asleep] == ["transfer", "replay"]


def test_a_phase_yields_as_many_batches_as_it_announces(diary):
    for phase in diary.phases.values():
        batches = list(phase.batches(1))
        assert len(batches) == phase.num_steps(1) > 0, phase.name


def test_the_batches_of_a_phase_that_goes_on_are_those_that_were_left(diary, assert_same):
    encode = diary.phases["encode"]
    assert_same(list(encode.batches(1, start=7)), list(encode.batches(1))[7:])


def test_what_comes_in_comes_in_awake_and_nothing_at_night(diary):
    for phase in diary.phases.values():
        comes_in = any(batch is not None for batch in phase.batches(0))
        assert comes_in == (phase.name in ("encode", "memorise", "classify")), phase.name


@pytest.mark.parametrize("method", METHODS.names())
def test_nothing_that_trains_sees_a_test_image(method, phases_of, tiny_stream, tiny_config):
    blind = dataclasses.replace(tiny_stream, _test=None)
    for phase in phases_of(ROOMY.get(method, method), blind).values():
        for task in range(tiny_config.num_tasks):
            assert len(list(phase.batches(task))) == phase.num_steps(task)


def test_memorise_shows_every_image_once(diary, tiny_stream):
    batches = diary.phases["memorise"].batches(1)
    index = np.concatenate([batch.index for batch in batches if batch is not None])
    assert sorted(index[index >= 0]) == list(range(tiny_stream.spec.task_sizes[1]))


def test_no_wake_epochs_leave_the_wake_classification_out(phases_of, tiny_config):
    wake = dataclasses.replace(tiny_config.wake, epochs=0)
    classify = phases_of(wake=wake)["classify"]
    assert list(classify.batches(0)) == []
    # And the schedule can still be built.
    assert np.isfinite(classify.rate(jnp.int32(0), jnp.int32(0)))


class Little(NamedTuple):
    """As much of a brain's state as a phase looks at."""

    consolidation: Consolidation
    progress: Progress
    key: jax.Array

    def replace(self, **changes):
        return self._replace(**changes)


@pytest.fixture
def little():
    """A brain after seven steps of `doze` in task 2."""
    return Little(
        Consolidation.initial(2).replace(examples={"wake": jnp.int32(5)}),
        Progress(task=jnp.int32(2), phase=phase_id("doze"), step=jnp.int32(7)),
        jax.random.key(3),
    )


def told(state, batch, now: Now, axis_name=None):
    """A step that only tells what it was told."""
    assert axis_name is None
    key = jax.random.key_data(now.key)
    return state, {"batch": batch, "step": now.step, "rate": now.rate, "key": key}


def test_a_phase_tells_its_step_key_and_learning_rate_and_counts(little):
    phase = Phase(
        "doze", told, rate=lambda task, step: 10.0 * task + step, examples=6, counts_as="wake"
    )
    state, metrics = phase(little, "a batch")  # pyright: ignore
    assert metrics["batch"] == "a batch"
    assert int(metrics["step"]) == 7
    assert float(metrics["rate"]) == 27  # 10 * 2 + 7
    expected = jax.random.fold_in(named_key(little.key, "doze", 2), 7)
    np.testing.assert_array_equal(metrics["key"], jax.random.key_data(expected))
    assert int(state.consolidation.examples["wake"]) == 11
    assert int(state.progress.step) == 8


def test_another_phase_counts_from_nought_with_a_key_of_its_own_and_may_count_nothing(little):
    state, metrics = Phase("dream", told)(little, None)
    _, doze = Phase("doze", told)(little, None)
    assert int(metrics["step"]) == float(metrics["rate"]) == 0
    assert (metrics["key"] != doze["key"]).any()
    assert int(state.consolidation.examples["wake"]) == 5
    assert int(state.progress.step) == 1
    assert int(state.progress.phase) == int(phase_id("dream"))


def test_progress_counts_the_steps_of_the_last_phase(diary, tiny_config):
    progress = diary.after[1, "replay"].progress
    assert int(progress.task) == 1
    assert int(progress.phase) == int(phase_id("replay"))
    assert int(progress.step) == tiny_config.sleep.steps


def test_examples_shown_are_counted_by_kind(diary, tiny_config):
    shown = diary.after[1, "replay"].consolidation.examples
    codec, sleep = tiny_config.codec, tiny_config.sleep
    assert {name: int(count) for name, count in shown.items()} == {
        "codec": (codec.first_steps + codec.steps) * codec.batch_size,
        "wake": 2 * 48,
        "sleep": 2 * sleep.steps * sleep.batch_size,
    }


def with_parts(method, **changes):
    """The method with other parts."""
    return dataclasses.replace(method, parts=dataclasses.replace(method.parts, **changes))


def test_a_sampler_that_is_handed_in_is_the_one_that_is_used(diary):
    state = diary.after[1, "transfer"]

    def only_slot_three(key, index, num_classes, num_groups, group_size):
        del key, num_classes
        slot = jnp.full((num_groups, group_size), 3)
        return Draw(index.task[slot[:, 0]], slot, jnp.ones(slot.shape))

    parts = dataclasses.replace(diary.method.parts, sampler=only_slot_three)
    layout = diary.method.layout
    now = Now(state.key, jnp.int32(0), jnp.float32(0))
    draw = jax.jit(lambda state: prefetched_for(state, now, jnp.int32(2), parts, layout, None))
    _, ((task, slot, _), _) = draw(state)
    assert (slot == 3).all()
    recalled = jax.jit(functools.partial(recall, layout))(state.memory, task, slot)
    images = np.asarray(recalled.image)
    assert (images == images[0, 0]).all()
    assert (recalled.label == layout.index(state.memory).label[3]).all()


@pytest.mark.parametrize("part", ["sampler", "augment"])
def test_the_replay_step_calls_the_part_that_is_handed_in(diary, part):
    calls = []

    def mine(*arguments):
        calls.append(part)
        return getattr(diary.method.parts, part)(*arguments)

    method = with_parts(diary.method, **{part: mine})
    jax.eval_shape(pipeline.replay(method), *diary.before[1, "replay"])
    assert calls == [part]


def test_the_default_sampler_is_class_balanced(diary):
    assert diary.method.parts.sampler == ClassBalanced()


@pytest.mark.parametrize(("growing", "steps"), [(False, [4, 4]), (True, [2, 4])])
def test_nights_grow_with_the_images_seen(make_method, tiny_config, tiny_stream, growing, steps):
    # Two tasks of 48 images each.
    sleep = dataclasses.replace(tiny_config.sleep, growing=growing)
    replay = pipeline.replay(make_method(sleep=sleep))
    assert [replay.num_steps(task) for task in (0, 1)] == steps
    # The last step of a night has the last rate of the cosine, whatever its length.
    rates = [float(replay.rate(jnp.int32(t), jnp.int32(n - 1))) for t, n in enumerate(steps)]
    np.testing.assert_allclose(rates, sleep.final_learning_rate, rtol=1e-5)
