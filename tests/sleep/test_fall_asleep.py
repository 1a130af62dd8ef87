"""Falling asleep: a fresh optimiser, and weights as far back as settings ask."""

import dataclasses
import types
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from braincl_jax.sleep.fall_asleep import fall_asleep, fall_asleep_step
from braincl_jax.state import Encoder, Progress

OPTIMISER = optax.trace(0.9)


class Brain:
    key = jax.random.key(0)

    def __init__(self, encoder, task: int = 0) -> None:
        self.encoder, self.progress = (
            encoder,
            Progress(jnp.int32(task), jnp.uint32(0), jnp.int32(0)),
        )

    def replace(self, encoder):
        return Brain(encoder)


class Network:
    """Fresh weights are random numbers from the key."""

    def init(self, key, image_shape):
        assert image_shape == (2, 2, 1)
        return {"head": jax.random.normal(key, (3,))}, "fresh statistics"


def parts(downscaling: float) -> Any:
    return types.SimpleNamespace(
        sleep_optimiser=OPTIMISER,
        network=Network(),
        spec=types.SimpleNamespace(image_shape=(2, 2, 1)),
        config=types.SimpleNamespace(sleep=types.SimpleNamespace(downscaling=downscaling)),
    )


def test_momentum_of_the_last_night_is_forgotten_and_all_else_stays():
    params = {"head": jnp.ones(3)}
    _, stale = OPTIMISER.update(params, OPTIMISER.init(params))
    state: Any = Brain(Encoder(params, "statistics", "day", stale))
    asleep = fall_asleep(state, parts(0.0)).encoder
    assert jax.tree.leaves(stale)[0].all()
    assert not jax.tree.leaves(asleep.sleep_opt)[0].any()
    assert (asleep.params, asleep.batch_stats, asleep.wake_opt) == (params, "statistics", "day")


def test_a_step_may_fall_asleep_and_nothing_else():
    state: Any = Brain(Encoder({"head": jnp.ones(3)}, "statistics", "day", "stale"))
    now: Any = None
    asleep, metrics = fall_asleep_step(state, None, now, parts=parts(0.0))
    expected = fall_asleep(state, parts(0.0)).encoder
    assert metrics == {}
    assert not jax.tree.leaves(asleep.encoder.sleep_opt)[0].any()
    assert asleep.encoder.params == expected.params


@pytest.mark.parametrize("downscaling", [0.25, 0.6])
def test_weights_go_back_towards_fresh_ones_of_this_night(downscaling):
    def moved(task: int, weight: float):
        params = {"head": jnp.full(3, weight)}
        state: Any = Brain(Encoder(params, "statistics", "day", OPTIMISER.init(params)), task)
        return fall_asleep(state, parts(downscaling)).encoder.params["head"]

    fresh = moved(0, 0.0) / downscaling
    assert (abs(fresh) > 1e-3).all()
    np.testing.assert_allclose(
        moved(0, 2.0), (1 - downscaling) * 2 + downscaling * fresh, rtol=1e-5
    )
    assert (moved(1, 2.0) != moved(0, 2.0)).all()


@pytest.mark.parametrize("slow_decay", [0.0, 0.5])
def test_where_the_day_does_not_last_the_night_is_that_of_a_brain_without_wake(
    short, short_stream, live_one, assert_same, slow_decay
):
    def lived(**wake):
        made = short("replay_raw", slow_decay=slow_decay)
        config = made.parts.config
        config = dataclasses.replace(config, wake=dataclasses.replace(config.wake, **wake))
        parts = dataclasses.replace(made.parts, config=config)
        return live_one(dataclasses.replace(made, parts=parts), short_stream)

    lives = {"passing": lived(lasting=False), "lasting": lived(), "none": lived(epochs=0)}
    after = {name: life.after[1, "replay"] for name, life in lives.items()}

    def network(name: str) -> Any:
        encoder = after[name].encoder
        return encoder.params, encoder.batch_stats, encoder.slow, encoder.sleep_opt

    assert_same(network("passing"), network("none"))
    head, other = (after[name].encoder.params["head"]["kernel"] for name in ("passing", "lasting"))
    assert (head != other).any()
    # Awake, it has learned all the same.
    life = lives["passing"]
    morning, evening = (life.after[0, phase].encoder for phase in ("start", "classify"))
    assert (morning.heads[0]["kernel"] != evening.heads[0]["kernel"]).any()
    assert (evening.heads[1] is None) == (slow_decay == 0)
    assert_same(evening.morning, morning.heads)
