"""Replay by need: classes that are wrong more often come up more often, and the correction takes that back."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.sleep.by_need import ByNeed
from braincl_jax.types import Index

# Two slots of each of classes 0, 1, 2 and 3, two tasks of two classes; class 4 is not stored, and its loss enormous.
LABEL = jnp.repeat(jnp.arange(4), 2)
LOSS = jnp.array([4.0, 1.0, 1.0, 0.0, 1e9])
INDEX = Index(LABEL, LABEL // 2, jnp.ones(8, bool), LOSS)


def draws(sampler: ByNeed, number: int = 400):
    """Labels and weights of many draws of 4 groups of 8: [number, 4, 8] each."""
    drawn = jax.jit(jax.vmap(lambda key: sampler(key, INDEX, 5, 4, 8)))(
        jax.random.split(jax.random.key(0), number)
    )
    return np.asarray(LABEL[drawn.slot]), np.asarray(drawn.weight)


@pytest.mark.parametrize(
    ("exponent", "expected"),
    [
        (0.0, [1, 1, 1, 1, 0]),
        # A tenth of the mean loss of the stored classes, 1.5, is the least.
        (1.0, [4, 1, 1, 0.15, 0]),
        (0.5, [2, 1, 1, np.sqrt(0.15), 0]),
    ],
)
def test_classes_are_drawn_by_their_loss_to_a_power(exponent, expected):
    label, weight = draws(ByNeed(exponent=exponent))
    share = np.bincount(label.ravel(), minlength=5) / label.size
    np.testing.assert_allclose(share, np.array(expected) / np.sum(expected), atol=0.012)
    assert (weight == 1).all()


@pytest.mark.parametrize("correction", [0.5, 1.0])
def test_what_comes_up_more_often_counts_less(correction):
    label, weight = draws(ByNeed(exponent=1.0, correction=correction))
    likelihood = np.array([4, 1, 1, 0.15]) * 4 / 6.15
    np.testing.assert_allclose(weight, likelihood[label] ** -correction, rtol=1e-5)
    if correction == 1:
        each = [weight[label == c].sum() / weight.size for c in range(4)]
        np.testing.assert_allclose(each, 0.25, atol=0.03)  # as if all had been alike


@pytest.mark.parametrize("correction", [0.0, 0.5])
def test_where_no_class_costs_anything_all_are_drawn_equally_often(correction):
    index = INDEX._replace(class_loss=jnp.zeros(5), stored=INDEX.stored.at[6:].set(False))
    sampler = ByNeed(correction=correction)
    drawn = jax.vmap(lambda key: sampler(key, index, 5, 4, 8))(
        jax.random.split(jax.random.key(0), 400)
    )
    label = np.asarray(LABEL[drawn.slot])
    share = np.bincount(label.ravel(), minlength=5) / label.size
    np.testing.assert_allclose(share, np.array([1, 1, 1, 0, 0]) / 3, atol=0.012)
    np.testing.assert_allclose(drawn.weight, 1, rtol=1e-6)


def test_it_needs_to_know_the_losses():
    with pytest.raises(ValueError, match=r"by_need draws by .*index\.class_loss"):
        ByNeed()(jax.random.key(0), INDEX._replace(class_loss=None), 5, 4, 8)
