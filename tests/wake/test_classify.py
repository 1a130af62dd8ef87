"""A step of classify by hand: the new classes' part of the head moves, down the gradient of the cross-entropy."""

import types
from typing import Any, cast

import jax.numpy as jnp
import numpy as np
import optax
import pytest

from braincl_jax.state import Encoder
from braincl_jax.types import Batch, Now, StreamSpec
from braincl_jax.wake import classify, classify_step
from braincl_jax.wake.reactivate import Reactivated

RATE, MOMENTUM = 0.4, 0.5


class Network:
    """Logits are the head itself, whatever is shown."""

    def predict(self, params, batch_stats, seen_classes, images):
        logits = jnp.where(seen_classes, params["head"], -1e9)
        return jnp.broadcast_to(logits, (len(images), len(logits))), "moved"


class Brain:
    """In task 0 there are classes 0 and 1, in task 1 classes 2 and 3."""

    def __init__(self, encoder, task: int = 0) -> None:
        self.encoder, self.progress = encoder, types.SimpleNamespace(task=jnp.int32(task))
        self.consolidation = types.SimpleNamespace(seen_classes=jnp.arange(4) // 2 <= task)

    def replace(self, encoder):
        return Brain(encoder, int(self.progress.task))


def parts_with(optimiser) -> Any:
    spec = StreamSpec.of_equal_tasks((1, 1, 1), num_classes=4, task_sizes=(4, 4))
    return types.SimpleNamespace(network=Network(), wake_optimiser=optimiser, spec=spec)


def test_a_step_by_hand():
    optimiser = optax.trace(MOMENTUM)
    parts, head = parts_with(optimiser), jnp.zeros(4)
    params = {"backbone": "frozen", "head": head}
    state: Any = Brain(Encoder(params, "still", optimiser.init(head), "kept"))
    batch = Batch(jnp.zeros((4, 1, 1, 1)), jnp.array([0, 0, 1, 0]), jnp.arange(4))
    phase_key: Any = None
    now = Now(phase_key, jnp.int32(0), jnp.float32(RATE))

    state, metrics = classify_step(state, batch, now, parts=parts, layout=None)
    # Probabilities are 1/2 each where labels are 3/4 and 1/4: a gradient of -1/4 and 1/4.
    np.testing.assert_allclose(state.encoder.params["head"], [0.1, -0.1, 0, 0], rtol=1e-6)
    np.testing.assert_allclose(metrics["loss"], np.log(2), rtol=1e-6)
    assert float(metrics["accuracy"]) == 0.75
    assert state.encoder.params["backbone"] == "frozen"
    assert (state.encoder.batch_stats, state.encoder.sleep_opt) == ("still", "kept")

    again, _ = classify_step(state, batch, now, parts=parts, layout=None)
    p = 1 / (1 + np.exp(-0.2))
    gradient = p - 0.75 + MOMENTUM * -0.25
    np.testing.assert_allclose(
        again.encoder.params["head"][:2], [0.1 - RATE * gradient, -0.1 + RATE * gradient], rtol=1e-5
    )


def step_in_task_1(layout: Any = None):
    """The head of zeros, and the metrics, after a step on labels 2, 2, 3, 2."""
    optimiser, head, phase_key = optax.trace(MOMENTUM), jnp.zeros(4), cast(Any, None)
    state: Any = Brain(Encoder({"head": head}, "still", optimiser.init(head), "kept"), task=1)
    batch = Batch(jnp.zeros((4, 1, 1, 1)), jnp.array([2, 2, 3, 2]), jnp.arange(4))
    now = Now(phase_key, jnp.int32(0), jnp.float32(RATE))
    state, metrics = classify_step(state, batch, now, parts=parts_with(optimiser), layout=layout)
    return state.encoder.params["head"], metrics


def test_what_is_known_of_older_classes_stays():
    head, metrics = step_in_task_1()
    # Probabilities are 1/4 each where labels are 3/4 and 1/4: a gradient of -1/2 and 0 for the new classes.
    np.testing.assert_allclose(head, [0, 0, 0.2, 0], atol=1e-7)
    np.testing.assert_allclose(metrics["loss"], np.log(4), rtol=1e-6)


@pytest.mark.parametrize(
    ("remembers", "weight", "expected"),
    [
        # Probabilities are 1/4 each. Half of the labels are of class 0, and 3/8 and 1/8 of the new ones.
        (True, [1.0, 1.0, 1.0], [0.1, -0.1, 0.05, -0.05]),
        # As the sampler says, recalled images count half: 1/4 is of class 0, and all weigh 3/4.
        (True, [1.0, 0.5, 0.0], [0.025, -0.075, 0.075, -0.025]),
        (False, [1.0, 1.0, 1.0], [0, 0, 0.2, 0]),
    ],
)
def test_what_is_recalled_counts_as_much_as_older_classes_do(
    monkeypatch, remembers, weight, expected
):
    old = Reactivated(
        image=jnp.zeros((3, 1, 1, 1)),
        label=jnp.zeros(3, int),
        weight=jnp.array(weight),
        any=jnp.bool_(remembers),
        corrupt=jnp.int32(-1),
    )
    monkeypatch.setattr(classify, "reactivate", lambda state, *of: (state, old))
    head, metrics = step_in_task_1(layout="its images are known")
    np.testing.assert_allclose(head, expected, atol=1e-7)
    assert int(metrics["corrupt_slot"]) == -1


@pytest.mark.parametrize(
    ("task_classes", "expected"),
    [
        ([(0, 1), (2, 3), (4, 5)], [1, 1 / 2, 1 / 3]),
        ([(0, 1, 2), (3,), (4, 5)], [1, 1 / 4, 1 / 3]),
        # Domains: all classes again in each.
        ([(0, 1), (0, 1), (0, 1)], [1, 1 / 2, 1 / 3]),
    ],
)
def test_a_task_counts_as_much_as_its_classes_do(task_classes, expected):
    spec: Any = types.SimpleNamespace(task_classes=task_classes)
    shares = [float(classify.share_of_task(spec, jnp.int32(task))) for task in range(3)]
    np.testing.assert_allclose(shares, expected, rtol=1e-6)


def test_where_there_are_slow_weights_their_head_learns_and_the_fast_ones_get_it():
    optimiser, head = optax.trace(MOMENTUM), jnp.array([0.0, 0.0])
    slow = {"params": {"backbone": "slow", "head": head}, "batch_stats": "slow"}
    fast = {"backbone": "fast", "head": head + 7}
    state: Any = Brain(Encoder(fast, "fast", optimiser.init(head), "kept", slow))
    parts = parts_with(optimiser)
    parts.spec = StreamSpec.of_equal_tasks((1, 1, 1), num_classes=2, task_sizes=(4,))
    state.consolidation.seen_classes = jnp.ones(2, bool)
    batch = Batch(jnp.zeros((4, 1, 1, 1)), jnp.array([0, 0, 1, 0]), jnp.arange(4))
    now = Now(cast(Any, None), jnp.int32(0), jnp.float32(RATE))
    encoder = classify_step(state, batch, now, parts=parts, layout=None)[0].encoder
    evaluated, _ = encoder.evaluated
    np.testing.assert_allclose(evaluated["head"], [0.1, -0.1], rtol=1e-6)
    np.testing.assert_array_equal(encoder.params["head"], evaluated["head"])
    assert (encoder.params["backbone"], evaluated["backbone"]) == ("fast", "slow")
