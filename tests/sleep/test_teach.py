"""Distillation by hand, and the teacher that is kept."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.sleep.teach import Teacher, distillation, keep_teacher_step
from braincl_jax.state import Encoder
from braincl_jax.types import Now

# Answers of 1/4 and 3/4 among the first two classes, and the other way round.
LOG3 = float(np.log(3))
LEARNS = jnp.array([[0.0, LOG3, 7.0]])
TEACHES = jnp.array([[LOG3, 0.0, -5.0]])
KNOWN = jnp.array([True, True, False])
NOW = Now(jax.random.key(0), jnp.int32(0), jnp.float32(0))


def test_it_is_the_cross_entropy_among_what_the_teacher_knows():
    expected = -(3 / 4 * np.log(1 / 4) + 1 / 4 * np.log(3 / 4))
    np.testing.assert_allclose(distillation(LEARNS, TEACHES, KNOWN, 1.0), [expected], rtol=1e-6)


def test_a_temperature_softens_both_answers():
    # Logits of log(3) / 2: the square root of 3 against 1.
    likely = np.sqrt(3) / (1 + np.sqrt(3))
    expected = -(likely * np.log(1 - likely) + (1 - likely) * np.log(likely))
    np.testing.assert_allclose(distillation(LEARNS, TEACHES, KNOWN, 2.0), [expected], rtol=1e-6)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_who_answers_like_the_teacher_has_nothing_to_learn(temperature):
    def loss(logits):
        return distillation(logits, TEACHES, KNOWN, temperature).sum()

    np.testing.assert_allclose(jax.grad(loss)(TEACHES + 1.5), np.zeros((1, 3)), atol=1e-7)
    assert jnp.abs(jax.grad(loss)(LEARNS)).max() > 0.01


def test_a_teacher_that_knows_nothing_teaches_nothing():
    nothing = jnp.zeros(3, bool)
    loss, gradient = jax.value_and_grad(
        lambda logits: distillation(logits, TEACHES, nothing, 2.0).sum()
    )(LEARNS)
    assert float(loss) == 0
    np.testing.assert_array_equal(gradient, np.zeros((1, 3)))


def test_no_gradient_reaches_the_teacher(short):
    network = short("lwf").parts.network
    params, batch_stats = network.init(jax.random.key(0), (4, 4, 1))
    images = jnp.full((1, 4, 4, 1), 9, jnp.uint8)

    def answer(params):
        teacher = Teacher(params, batch_stats, jnp.array([True, False, False, True]))
        return teacher.logits(network, images)[0, 3]

    assert not any(leaf.any() for leaf in jax.tree.leaves(jax.grad(answer)(params)))
    logits = Teacher(params, batch_stats, jnp.array([True, False] * 2)).logits(network, images)
    assert (logits[:, 1::2] == -1e9).all() and (logits[:, ::2] > -1e6).all()


@pytest.mark.parametrize("slow", [None, {"params": jnp.float32(3), "batch_stats": jnp.float32(4)}])
def test_the_network_that_is_evaluated_is_kept_with_the_classes_it_has_seen(slow, life_of):
    state = life_of("lwf").after[0, "replay"]
    encoder = Encoder(jnp.float32(1), jnp.float32(2), None, None, slow)
    kept, _ = keep_teacher_step(
        state.replace(encoder=encoder),
        None,
        NOW,
        evaluated=lambda state: state.encoder.evaluated,
    )
    teacher = kept.own["teacher"]
    assert (float(teacher.params), float(teacher.batch_stats)) == (
        (1, 2) if slow is None else (3, 4)
    )
    assert teacher.known.tolist() == [True, True, False, False]
