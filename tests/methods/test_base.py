"""What a method is if it says nothing else."""

import functools
import types
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.methods import Method
from braincl_jax.settings import at_least, settings
from braincl_jax.state import Encoder
from braincl_jax.types import Shown


@settings()
class Plain(Method):
    """A method with nothing of its own but a setting."""

    number: int = at_least(0, default=3)

    def phases(self, stream):
        return ()


class Network:
    """Logits are the parameters, whatever is shown; statistics count the calls in training."""

    def predict(self, params, batch_stats, seen, images, *, train=False, axis_name=None):
        logits = jnp.broadcast_to(jnp.where(seen, params, -1e9), (len(images), len(params)))
        return logits, batch_stats + train


def brain(params=(0.0, 0.0, 0.0), own=None) -> Any:
    encoder = Encoder(jnp.array(params), jnp.int32(0), None, None)
    seen = types.SimpleNamespace(seen_classes=jnp.array([True, True, False]))
    return types.SimpleNamespace(
        encoder=encoder,
        consolidation=seen,
        memory="memory",
        own=own,
        progress=types.SimpleNamespace(task=jnp.int32(1)),
    )


@pytest.fixture
def method() -> Plain:
    parts: Any = types.SimpleNamespace(network=Network())
    return Plain(number=4, parts=parts)


def test_its_settings_are_checked():
    parts: Any = None
    with pytest.raises(ValueError, match="number=-1 is impossible"):
        Plain(number=-1, parts=parts)


def test_a_method_says_what_its_memory_is(method):
    with pytest.raises(TypeError, match="Plain must define the property `layout`, its memory"):
        _ = method.layout


def test_a_method_says_what_it_does():
    class Idle(Method):
        pass

    with pytest.raises(TypeError, match="abstract"):
        Idle(parts=None)  # pyright: ignore


def test_the_objective_is_the_cross_entropy_among_all_classes_seen(method):
    shown = Shown(jnp.zeros((4, 2, 2, 1)), jnp.array([1, 1, 1, 0]), jnp.zeros(4), jnp.zeros(4))
    params = jnp.array([0.0, jnp.log(3.0), 5.0])
    losses, (batch_stats, metrics) = method.objective(params, shown, brain(), None)
    # Class 2 is not seen: 1/4 for class 0 and 3/4 for class 1.
    expected = [-np.log(0.75)] * 3 + [-np.log(0.25)]
    np.testing.assert_allclose(losses, expected, rtol=1e-6)
    assert float(metrics["accuracy"]) == 0.75
    assert int(batch_stats) == 1  # moved, as in training


def test_answers_are_those_of_the_network_at_rest(method):
    state = brain((1.0, 2.0, 3.0))
    logits = method.predict(state, jnp.zeros((5, 2, 2, 1)))
    np.testing.assert_allclose(logits, np.tile([[1, 2, -1e9]], (5, 1)))


def test_answers_are_those_of_the_slow_weights_where_there_are_any(method):
    state = brain((1.0, 2.0, 3.0))
    slow = {"params": jnp.array([4.0, 5.0, 6.0]), "batch_stats": jnp.int32(0)}
    state.encoder = state.encoder.replace(slow=slow)
    logits = method.predict(state, jnp.zeros((5, 2, 2, 1)))
    np.testing.assert_allclose(logits, np.tile([[4, 5, -1e9]], (5, 1)))


def test_it_keeps_nothing_and_changes_nothing_after_a_step(method):
    state = brain()
    assert method.init(None) is None
    assert method.after_update(state) is state


def test_what_it_keeps_outside_of_the_state_is_on_the_bill():
    class Layout:
        def bill(self, memory):
            return {"strings": 10}

        def num_stored(self, memory):
            return 2

    class Archivist(Plain):
        @functools.cached_property
        def layout(self) -> Any:
            return Layout()

        def kept_outside(self, task):
            return {"archive": 100 * task}

    parts: Any = None
    assert Archivist(parts=parts).bill(brain()) == {"strings": 10, "archive": 100}
    assert Archivist(parts=parts).num_stored(brain()) == 2


def test_what_it_keeps_of_its_own_is_on_the_bill():
    class Layout:
        def bill(self, memory):
            assert memory == "memory"
            return {"strings": 10}

    class Keeper(Plain):
        @functools.cached_property
        def layout(self) -> Any:
            return Layout()

    parts: Any = None
    keeper = Keeper(parts=parts)
    assert keeper.bill(brain()) == {"strings": 10}
    # 3 * 4 + 2 bytes.
    own = {"slow": jnp.zeros(3), "flags": jnp.zeros(2, bool)}
    assert keeper.bill(brain(own=own)) == {"strings": 10, "own": 14}
    state = brain()
    state.encoder = state.encoder.replace(
        slow={"params": jnp.zeros(3), "batch_stats": jnp.zeros(1)}
    )
    assert keeper.bill(state) == {"strings": 10, "slow_weights": 16}


def test_features_are_those_of_the_network_that_answers():
    class Features(Network):
        def features(self, params, batch_stats, images, *, train=False, axis_name=None):
            return images[:, None] * params[None, :2], batch_stats

    @settings()
    class Other(Plain):
        def evaluated(self, state):
            return state.own, jnp.int32(0)

    parts: Any = types.SimpleNamespace(network=Features())
    state, images = brain((1.0, 2.0, 3.0), own=jnp.array([5.0, 4.0, 9.0])), jnp.array([1.0, 10.0])
    np.testing.assert_array_equal(Plain(parts=parts).features(state, images), [[1, 2], [10, 20]])
    other = Other(parts=parts)
    np.testing.assert_array_equal(other.features(state, images), [[5, 4], [50, 40]])
    np.testing.assert_array_equal(other.predict(state, images).argmax(-1), [0, 0])
