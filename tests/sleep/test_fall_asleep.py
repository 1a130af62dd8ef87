"""Falling asleep: a fresh optimiser, and weights as far back as settings ask."""

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
