"""Elastic weight consolidation: penalty and Fisher information in closed form, and what is kept."""

import types
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.memory.budget import tree_bytes
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


def test_the_first_night_is_free_and_the_second_is_held(life_of):
    life = life_of("ewc")
    assert float(life.metrics[0, "replay"]["penalty"]) == 0
    assert float(life.metrics[1, "replay"]["penalty"]) > 0
    before = life.after[0, "consolidate"].own["anchor"]
    expected = life.after[0, "replay"].encoder.params
    asked = life.after[0, "consolidate"].own["fisher"]
    for anchor, weight, fisher in zip(
        *map(jax.tree.leaves, (before, expected, asked)), strict=True
    ):
        np.testing.assert_allclose(anchor, np.where(fisher > 0, weight, 0), rtol=1e-4, atol=1e-6)


def test_its_objective_is_cross_entropy_and_penalty(life_of, shown):
    method, state = life_of("ewc").method, life_of("ewc").before[1, "replay"].state
    moved = jax.tree.map(lambda leaf: leaf + 0.1, state.encoder.params)
    losses, _ = method.objective(moved, shown(1), state, None)
    logits, _ = method.logits_of(moved, shown(1), state, None)
    plain = -jax.nn.log_softmax(logits)[jnp.arange(5), shown(1).label]
    held = 1000 * float(penalty(moved, **state.own))
    np.testing.assert_allclose(losses, plain + held, rtol=1e-5)
    assert held > 0


def test_fisher_and_anchor_are_all_it_keeps_and_are_on_the_bill(life_of):
    life = life_of("ewc")
    state = life.after[1, "consolidate"]
    bill = life.method.bill(state)
    assert bill["fisher"] == bill["anchor"] == tree_bytes(state.encoder.params)
    assert sum(bill.values()) == tree_bytes((state.own, state.memory.long_term))


@pytest.mark.parametrize(("images", "steps"), [(1, 1), (9, 2), (1000, 3)])
def test_it_looks_at_no_more_images_than_it_is_told(images, steps, short, short_stream):
    *_, replay, consolidate = short(f"ewc(fisher_images={images})").phases(short_stream)
    # A task has 20, in batches of 8.
    assert len(list(consolidate.batches(0))) == consolidate.num_steps(0) == steps
    assert "ewc's strength=1000.0" in replay.driven_by
