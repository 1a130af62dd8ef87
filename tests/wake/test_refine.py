"""Refinement: soft rounding as in the paper, cues that get better, and no drift of those that are not looked at."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax import pipeline
from braincl_jax.memory.codec import context
from braincl_jax.runtime.devices import Devices
from braincl_jax.wake import memorise_step
from braincl_jax.wake.refine import soft_round

EPOCHS, BATCH = 6, 16


@pytest.fixture(scope="module")
def method(make_method, tiny_config):
    codec = dataclasses.replace(
        tiny_config.codec, refine_epochs=EPOCHS, refine_batch_size=BATCH, refine_step_size=0.05
    )
    return make_method(codec=codec)


@pytest.fixture(scope="module")
def awake(method, diary, tiny_stream):
    """A brain that has memorised task 0, unrounded, with room for the averages of refinement."""
    state = diary.after[0, "encode"]
    day = state.memory.working
    # The tiny codec is hardly trained: let the recall count for something.
    opened = method.layout.empty_working(day.codec, jnp.float32(-4))
    opened = opened.replace(codec=day.codec, codec_opt=day.codec_opt)
    state = state.replace(memory=state.memory.replace(working=opened))
    step = functools.partial(memorise_step, layout=method.layout)
    phase = pipeline.memorise(step, method.parts, tiny_stream)
    memorise = jax.jit(phase)
    for batch in phase.batches(0):
        state, _ = memorise(state, batch)
    return state


@pytest.fixture(scope="module")
def phase(method, tiny_stream):
    return pipeline.refine(method.parts, method.layout, tiny_stream)


@pytest.fixture(scope="module")
def refine(phase):
    return jax.jit(phase)


@pytest.fixture(scope="module")
def story(phase):
    """The batches of the refinement of task 0, in order."""
    return list(phase.batches(0))


def test_a_low_temperature_rounds_to_the_nearest_integer():
    cues = jnp.array([-1.8, -0.3, 0.2, 0.7, 3.4])
    rounded = soft_round(cues, jax.random.key(0), jnp.float32(0.005))
    np.testing.assert_allclose(rounded, [-2, 0, 0, 1, 3], atol=1e-6)


@pytest.mark.parametrize("above", [0.1, 0.35, 0.5, 0.8])
def test_the_ceiling_is_as_likely_as_the_paper_says(above):
    temperature = 0.5
    cues = jnp.full(20_000, -2 + above)
    rounded = soft_round(cues, jax.random.key(1), jnp.float32(temperature))
    assert ((rounded >= -2) & (rounded <= -1)).all()
    # Which side of the middle a sample falls on is the exact Bernoulli draw (Gumbel-max).
    weights = np.exp(-np.arctanh([above, 1 - above]) / temperature)
    expected = weights[1] / weights.sum()
    share = float((rounded > -1.5).mean())
    assert abs(share - expected) < 4 * np.sqrt(expected * (1 - expected) / 20_000) + 1e-3


def test_soft_rounding_has_finite_gradients_even_at_integers():
    cues = jnp.array([-1.0, 0.0, 0.5, 2.0])
    gradient = jax.grad(lambda y: soft_round(y, jax.random.key(0), jnp.float32(0.1)).sum())(cues)
    assert jnp.isfinite(gradient).all()


def test_every_epoch_visits_every_image_once(story, tiny_stream):
    size = tiny_stream.spec.task_sizes[0]
    index = np.concatenate([batch.index for batch in story]).reshape(EPOCHS, -1)
    for epoch in index:
        assert sorted(epoch[epoch >= 0]) == list(range(size))


def test_cues_of_images_that_are_not_in_the_batch_stay(awake, refine, story):
    batch = story[0]._replace(index=np.where(np.arange(BATCH) < 5, story[0].index, -1))
    refined = refine(awake, batch)[0].memory.working
    before = awake.memory.working
    touched = np.zeros(len(before.labels), bool)
    touched[batch.index[:5]] = True
    changed = np.asarray((refined.cues != before.cues).any((1, 2, 3)))
    np.testing.assert_array_equal(changed, touched)
    for average in refined.averages:
        np.testing.assert_array_equal(np.asarray(average.any((1, 2, 3))), touched)
    for name in ("synthesis", "density"):
        old, new = before.codec[name], refined.codec[name]
        assert any((a != b).any() for a, b in zip(*map(jax.tree.leaves, (old, new)), strict=True))
    for a, b in zip(
        *map(jax.tree.leaves, (before.codec["analysis"], refined.codec["analysis"])), strict=True
    ):
        np.testing.assert_array_equal(a, b)


def cost(state, codec, stream, tradeoff) -> float:
    """Mean of lambda 255^2 MSE + bits per pixel over the rounded cues of task 0."""
    day = state.memory.working
    image = stream.train_images(0, np.arange(stream.spec.task_sizes[0]))
    cues = jnp.round(day.cues[: len(image)])
    recalled = codec.complete(day.codec["synthesis"], cues)
    error = jnp.square(image / 255.0 - recalled).mean()
    bits = context.information(day.codec["density"], cues, cues).sum((1, 2, 3)).mean()
    return float(tradeoff * 255**2 * error + bits / (image.shape[1] * image.shape[2]))


def test_refined_cues_are_better_than_those_of_g_a(awake, refine, story, method, tiny_stream):
    tradeoff = jnp.exp(awake.memory.working.log_tradeoff)
    state = awake
    for batch in story:
        state, metrics = refine(state, batch)
    before, after = (
        cost(one, method.layout.codec, tiny_stream, tradeoff) for one in (awake, state)
    )
    assert after < 0.99 * before
    assert int(state.progress.step) == len(story)
    assert np.isfinite([float(value) for value in metrics.values()]).all()


def test_four_devices_refine_as_one_does(awake, refine, story, phase):
    devices = Devices(4)
    mapped = devices.map_step(phase)
    several = devices.replicate(awake)
    one = awake
    for batch in story[:3]:
        several, _ = mapped(several, batch)
        one, _ = refine(one, batch)
    day, expected = devices.first(several).memory.working, one.memory.working
    np.testing.assert_allclose(day.cues, expected.cues, atol=2e-3)
    for a, b in zip(*map(jax.tree.leaves, (day.codec, expected.codec)), strict=True):
        np.testing.assert_allclose(a, b, atol=2e-3)
