"""A forecast beside what is really made, and operations that can be counted by hand."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import core

from braincl_jax import build
from braincl_jax.build import init_brain
from braincl_jax.memory.budget import tree_bytes
from braincl_jax.pipeline import Phase
from braincl_jax.report.forecast import PhaseForecast
from braincl_jax.runtime import forecast as forecasts
from braincl_jax.runtime.forecast import bytes_beside, forecast, needed_bytes, warnings_of
from braincl_jax.state import without_prefetched


@pytest.fixture(autouse=True)
def flops(monkeypatch):
    """What a step of each phase takes, without counting, which takes long."""
    flops = dict.fromkeys(("start", "encode", "memorise", "classify", "transfer", "replay"), 10)
    monkeypatch.setattr(forecasts, "phase_flops", lambda *arguments: flops)


@pytest.fixture
def tiny(tiny_config, tiny_stream):
    return forecast(tiny_config, tiny_stream, compiled=False)


def test_it_says_what_the_tasks_are(tiny, tiny_stream):
    assert [task.classes for task in tiny.tasks] == [
        tiny_stream.class_names[:2],
        tiny_stream.class_names[2:],
    ]
    assert [(task.train_images, task.test_images) for task in tiny.tasks] == [(48, 16)] * 2
    assert (tiny.image_shape, tiny.raw_bytes) == ((16, 16, 1), 96 * 256)
    assert tiny.latent_channels == 4


def test_a_checkpoint_holds_what_cannot_be_had_again_and_is_not_all_the_same(
    tiny_config, tiny_stream, diary
):
    found = forecast(tiny_config, tiny_stream, compiled=False).checkpoint_bytes

    def stored(moment: tuple[int, str]) -> int:
        state = without_prefetched(diary.after[moment]).replace(key=())
        leaves = map(np.asarray, jax.tree.leaves(state))
        return sum(leaf.nbytes for leaf in leaves if leaf.size and np.any(leaf != leaf.flat[0]))

    assert 0.95 * found["between tasks"] < stored((1, "replay")) <= found["between tasks"]
    assert 0.95 * found["within a task"] < stored((1, "memorise")) <= found["within a task"]


@pytest.mark.parametrize("method", ["braincl", "joint", "finetune"])
def test_bytes_are_those_of_a_brain_that_is_really_made(
    tiny_config, tiny_stream, make_method, method
):
    found = forecast(dataclasses.replace(tiny_config, method=method), tiny_stream, compiled=False)
    state = init_brain(make_method(method=method), jax.random.key(0))
    arrays = tree_bytes(state.replace(key=()))
    assert found.state_bytes["total"] == arrays == found.needed_bytes
    kept = tree_bytes(state.memory.long_term)
    # Of joint, the images with their labels are no part of the state.
    outside = 96 * 257 if method == "joint" else 0
    assert found.memory_bytes["total"] == kept + outside
    assert found.state_bytes.get("long-term memory", 0) == kept
    assert found.parameters["head"] == state.encoder.params["head"]["kernel"].size + 4
    assert ("codec synthesis" in found.parameters) == (method == "braincl")
    assert (found.tasks[0].share_bytes is None) == (method != "braincl")


def test_nothing_of_the_state_is_made(tiny_config, tiny_stream, monkeypatch):
    def made(*arguments):
        assert isinstance(arguments[1], core.Tracer), "a brain was made"
        return init_brain(*arguments)

    monkeypatch.setattr(build, "init_brain", made)
    forecast(tiny_config, tiny_stream, compiled=False)


def test_steps_of_growing_nights_are_those_of_the_phase(tiny_config, tiny_stream):
    sleep = dataclasses.replace(tiny_config.sleep, growing=True)
    config = dataclasses.replace(tiny_config, sleep=sleep)
    found = {one.name: one for one in forecast(config, tiny_stream, compiled=False).phases}
    assert list(found) == ["start", "encode", "memorise", "classify", "transfer", "replay"]
    assert found["replay"].steps == (2, 4)
    assert found["encode"].steps == (10, 10)
    assert found["classify"].steps == (3, 3)
    assert (found["replay"].examples, found["replay"].step_bytes) == (16, None)


def test_settings_that_do_not_fit_are_refused_as_by_a_run(tiny_config, tiny_stream):
    with pytest.raises(ValueError, match="budget_bytes=100 is too small"):
        forecast(dataclasses.replace(tiny_config, budget_bytes=100), tiny_stream)
    with pytest.raises(ValueError, match="num_devices=99, but"):
        forecast(dataclasses.replace(tiny_config, num_devices=99), tiny_stream)


def test_a_capped_run_is_foreseen_as_it_will_be(tiny, tiny_config, tiny_stream, monkeypatch):
    # Steps of start, encode, memorise, classify, transfer and replay.
    assert tiny.flops == 10 * 2 * (1 + 10 + 3 + 3 + 1 + 4)
    assert tiny.examples == 16 * 2 * (10 + 3 + 4)
    capped = forecast(
        dataclasses.replace(tiny_config, max_examples=tiny.examples - 1),
        tiny_stream,
        compiled=False,
    )
    assert {one.name: one.steps for one in capped.phases}["replay"] == (3, 3)
    assert capped.examples == 16 * 2 * (10 + 3 + 3)


def test_memory_is_the_compilers_count(make_method):
    state = jax.eval_shape(lambda key: init_brain(make_method(), key), jax.random.key(0))

    def step(state, batch, now, axis_name=None):
        return state, {"product": (batch @ batch.T).sum()}

    batch = jnp.ones((64, 32))
    phase = Phase("multiply", step, batch_at=lambda task, step: batch)  # pyright: ignore
    beside = bytes_beside(phase, state)
    assert beside is not None
    assert beside >= 64 * 32 * 4


@pytest.mark.parametrize(("shared", "needed"), [(True, 4 * 100 + 50), (False, 100 + 13)])
def test_devices_of_one_memory_have_all_their_states_in_it(shared, needed):
    phases = tuple(PhaseForecast("a", (1,), 1, 0, beside) for beside in (None, 50, 20))
    assert needed_bytes(100, phases, 4, shared=shared) == needed


def test_a_memory_that_is_too_small_is_told_with_what_to_do():
    (text,) = warnings_of(2_000, 1_999)
    assert text.startswith("2,000 bytes are needed and 1,999 are there: raise sleep.accumulate, or")
    assert warnings_of(2_000, 2_000) == warnings_of(2_000, None) == ()
