"""Herding beside ten lines of NumPy, and the memory that it takes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.memory.herding import HerdingLayout, herding_ranks
from braincl_jax.memory.working import EMPTY
from braincl_jax.types import StreamSpec

SPEC = StreamSpec.of_equal_tasks((4, 4, 1), num_classes=4, task_sizes=(9, 7))
ranks = jax.jit(herding_ranks, static_argnums=2)


def herded(features: np.ndarray, most: int) -> list[int]:
    """Algorithm 4 of iCaRL for one class, in float64, as it is written."""
    chosen: list[int] = []
    for k in range(1, min(most, len(features)) + 1):
        sums = features[chosen].sum(0) + features
        distance = np.linalg.norm(features.mean(0) - sums / k, axis=1)
        distance[chosen] = np.inf
        chosen.append(int(distance.argmin()))
    return chosen


@pytest.mark.parametrize("most", [0, 1, 6, 40])
def test_the_order_is_that_of_the_algorithm(most):
    rng = np.random.default_rng(most)
    features = rng.normal(size=(40, 8)).astype(np.float32) + 1
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    label = rng.choice([EMPTY, 0, 2, 3], 40, p=[0.1, 0.5, 0.3, 0.1]).astype(np.int32)
    rank = np.asarray(ranks(jnp.asarray(features), jnp.asarray(label), 4, jnp.int32(most)))
    for one in range(4):
        of_class = np.flatnonzero(label == one)
        expected = of_class[herded(features[of_class].astype(np.float64), most)]
        order = of_class[np.argsort(rank[of_class], kind="stable")][: len(expected)]
        assert order.tolist() == expected.tolist()
        assert sorted(rank[of_class])[: len(expected)] == list(range(len(expected)))
        assert (np.sort(rank[of_class])[len(expected) :] == 40).all()
    assert (rank[label == EMPTY] == 40).all()


def test_of_equals_the_first_is_chosen_and_none_twice():
    label = jnp.zeros(4, jnp.int32)
    rank = ranks(jnp.tile(jnp.array([[0.6, 0.8]]), (4, 1)), label, 4, jnp.int32(3))
    assert rank.tolist() == [0, 1, 2, 4]


def test_working_memory_has_a_row_of_features_for_each_image_and_no_pixel():
    layout = HerdingLayout(SPEC, 5, 3)
    memory = layout.init(jax.random.key(0))
    herd = memory.working
    assert (herd.features.shape, herd.label.shape, herd.slot.shape) == ((9, 3), (9,), (9,))
    full = memory.replace(working=jax.tree.map(lambda leaf: leaf + 3, herd))
    opened = layout.open_working(full, jnp.int32(1), jax.random.key(0)).working
    assert not opened.features.any()
    assert (opened.label == EMPTY).all()
    assert (opened.slot == EMPTY).all()
    assert opened.features.dtype == jnp.float32
