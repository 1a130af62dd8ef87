"""Falling asleep: a fresh optimiser, and nothing else."""

import types
from typing import Any

import jax
import jax.numpy as jnp
import optax

from braincl_jax.sleep.fall_asleep import fall_asleep
from braincl_jax.state import Encoder


class Brain:
    def __init__(self, encoder) -> None:
        self.encoder = encoder

    def replace(self, encoder):
        return Brain(encoder)


def test_momentum_of_the_last_night_is_forgotten_and_all_else_stays():
    optimiser = optax.trace(0.9)
    params = {"head": jnp.ones(3)}
    _, stale = optimiser.update(params, optimiser.init(params))
    parts: Any = types.SimpleNamespace(sleep_optimiser=optimiser)
    state: Any = Brain(Encoder(params, "statistics", "day", stale))
    asleep = fall_asleep(state, parts).encoder
    assert jax.tree.leaves(stale)[0].all()
    assert not jax.tree.leaves(asleep.sleep_opt)[0].any()
    assert (asleep.params, asleep.batch_stats, asleep.wake_opt) == (params, "statistics", "day")
