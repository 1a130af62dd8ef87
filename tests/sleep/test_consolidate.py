"""Penalty and Fisher information in closed form, of a linear softmax model."""

import types
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from braincl_jax.methods.ewc import EWC
from braincl_jax.networks import Network
from braincl_jax.sleep.consolidate import penalty, squared_gradients
from braincl_jax.state import BrainState, Consolidation, Encoder, Progress
from braincl_jax.types import Batch, Now

IMAGES = np.array([[0, 255], [255, 255], [51, 204]], np.uint8).reshape(3, 1, 2, 1)
LABELS = np.array([0, 1, 1], np.int32)


class Pixels(nn.Module):
    """Features are the pixels, so that the network is a linear softmax model."""

    def __call__(self, x, *, train, axis_name=None):
        return x.reshape(len(x), -1)


PARTS: Any = types.SimpleNamespace(network=Network(Pixels(), nn.Dense(3)))
KERNEL = np.array([[0.5, -1.0, 2.0], [1.0, 0.25, -1.0]])
BIAS = np.array([0.1, -0.2, 0.3])
BATCH = Batch(*map(jnp.asarray, (IMAGES, LABELS, np.arange(3))))


def brain(kernel=KERNEL, own=None) -> BrainState:
    head = {"kernel": jnp.float32(kernel), "bias": jnp.float32(BIAS)}
    known = Consolidation.initial(3).replace(seen_classes=jnp.array([True, True, False]))
    return BrainState(
        encoder=Encoder({"backbone": {}, "head": head}, {}, None, None),
        memory=None,  # pyright: ignore
        consolidation=known,
        own=own,
        progress=Progress(jnp.int32(0), jnp.uint32(0), jnp.int32(0)),
        key=jax.random.key(0),
    )


def answers() -> tuple[np.ndarray, np.ndarray]:
    """Pixels as the network sees them, and its answer among the two classes seen, 0 for the third."""
    x = IMAGES.reshape(3, 2) / 127.5 - 1
    odds = np.exp((x @ KERNEL + BIAS)[:, :2])
    return x, np.pad(odds / odds.sum(-1, keepdims=True), ((0, 0), (0, 1)))


def fisher_of(label: np.ndarray) -> dict[str, np.ndarray]:
    """Of a linear softmax model: the gradient of log p is the outer product of x and (label - p)."""
    x, p = answers()
    miss = np.eye(3)[label] - p
    return {
        "kernel": np.mean((x[:, :, None] * miss[:, None]) ** 2, 0),
        "bias": np.mean(miss**2, 0),
    }


def estimated(fisher: str, batch: Batch, keys) -> dict[str, np.ndarray]:
    found = squared_gradients(brain(), batch, keys, fisher, PARTS)
    return found["head"]


def test_the_empirical_fisher_information_is_that_of_the_labels():
    found = estimated("empirical", BATCH, jax.random.split(jax.random.key(0), 3))
    for name, expected in fisher_of(LABELS).items():
        np.testing.assert_allclose(found[name], expected, rtol=1e-5, atol=1e-9)
    # Nothing was asked about the class that has not been seen.
    assert not found["kernel"][:, 2].any()


def test_the_true_fisher_information_is_that_of_the_network_s_own_answers():
    number = 1000
    many = Batch(*(jnp.repeat(leaf, number, axis=0) for leaf in BATCH))
    # Labels do not matter.
    many = many._replace(label=jnp.zeros_like(many.label))
    found = estimated("true", many, jax.random.split(jax.random.key(1), 3 * number))
    x, p = answers()
    # The variance of an answer, p (1 - p), times the pixel squared.
    variance = p * (1 - p)
    np.testing.assert_allclose(found["bias"], variance.mean(0), atol=0.01)
    expected = np.mean(np.square(x)[:, :, None] * variance[:, None], 0)
    np.testing.assert_allclose(found["kernel"], expected, atol=0.01)


def test_the_penalty_is_half_the_weighted_square_of_the_distance():
    params = {"a": jnp.array([1.0, 2.0]), "b": jnp.array([[3.0]])}
    fisher = {"a": jnp.array([10.0, 0.0]), "b": jnp.array([[2.0]])}
    anchor = {"a": jnp.array([0.0, 9.0]), "b": jnp.array([[1.0]])}
    # (10 * 1 + 0 * 49 + 2 * 4) / 2.
    assert float(penalty(params, fisher, anchor)) == 9


def consolidated(kernels, method: EWC) -> list[Any]:
    """What is kept after each of some tasks, which end at other weights."""
    zeros = jax.tree.map(jnp.zeros_like, brain().encoder.params)
    own, kept = {"fisher": zeros, "anchor": zeros}, []
    add = jax.jit(method.step_of([2]))
    for kernel in kernels:
        # Two batches a task.
        for step in range(2):
            now = Now(jax.random.key(0), jnp.int32(step), jnp.float32(0))
            state, _ = add(brain(kernel, own), BATCH, now)
            own = state.own
        kept.append(own)
    return kept


def fisher_at(kernel) -> np.ndarray:
    found = squared_gradients(
        brain(kernel), BATCH, jax.random.split(jax.random.key(0), 3), "empirical", PARTS
    )
    return np.asarray(found["head"]["kernel"], np.float64)


def test_the_penalties_of_all_tasks_are_one_but_for_a_constant():
    kernels = [KERNEL, KERNEL + 0.5, KERNEL - 0.3]
    kept = consolidated(kernels, EWC(parts=PARTS, fisher="empirical"))[-1]

    def of_each_task(kernel):
        return sum((fisher_at(k) * (kernel - k) ** 2).sum() / 2 for k in kernels)

    def of_what_is_kept(kernel):
        params = brain(kernel).encoder.params
        return float(penalty(params, kept["fisher"], kept["anchor"]))

    places = [KERNEL + shift for shift in (0.0, 1.0, -2.0, np.array([[1, -1, 0], [2, 0, 1]]))]
    constants = [of_each_task(place) - of_what_is_kept(place) for place in places]
    np.testing.assert_allclose(constants, constants[0], rtol=1e-4)


def test_online_the_fisher_information_decays_and_weights_are_held_where_they_were_last():
    kernels = [KERNEL, KERNEL + 0.5]
    online = EWC(parts=PARTS, fisher="empirical", anchors="latest", decay=0.5)
    first, second = consolidated(kernels, online)
    np.testing.assert_allclose(first["fisher"]["head"]["kernel"], fisher_at(KERNEL), rtol=1e-5)
    expected = 0.5 * fisher_at(KERNEL) + fisher_at(KERNEL + 0.5)
    np.testing.assert_allclose(second["fisher"]["head"]["kernel"], expected, rtol=1e-5)
    np.testing.assert_allclose(second["anchor"]["head"]["kernel"], KERNEL + 0.5, rtol=1e-6)
