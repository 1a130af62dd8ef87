"""DER++: labels and logits by hand, and both within the budget."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.memory.budget import tree_bytes
from braincl_jax.types import Shown


@pytest.fixture
def asleep(life_of, short_stream):
    """(the method, a state in its second night, two images of the task and two exemplars of the first)."""
    life = life_of("der_pp")
    state = life.before[1, "replay"].state
    index = life.method.layout.index(state.memory)
    slot = np.flatnonzero(np.asarray(index.stored & (index.task == 0)))[:2]
    exemplars = state.memory.long_term.images
    image = np.concatenate([short_stream.train_images(1, np.arange(2)), exemplars.image[slot]])
    label = np.concatenate([short_stream.train_labels(1)[:2], exemplars.label[slot]])
    place = np.array([-1, -1, *slot])
    shown = Shown(*map(jnp.asarray, (image, label, np.array([1, 1, 0, 0]), place)))
    return life.method, state, shown


def test_exemplars_cost_their_label_and_their_logits_and_other_images_their_label(asleep, short):
    _, state, shown = asleep
    method = short("der_pp(alpha=0.3, beta=0.7)")
    losses, (_, metrics) = method.objective(state.encoder.params, shown, state, None)
    logits, _ = method.logits_of(state.encoder.params, shown, state, None)
    label = -np.asarray(jax.nn.log_softmax(logits))[range(4), shown.label]
    kept = np.asarray(state.own["logits"], np.float32)[shown.slot[2:]]
    # Of the two classes that had been seen when they were kept.
    squared = np.square(np.asarray(logits)[2:, :2] - kept[:, :2]).mean(-1)
    expected = np.concatenate([label[:2], 0.7 * label[2:] + 0.3 * squared])
    np.testing.assert_allclose(losses, expected, rtol=1e-4)
    np.testing.assert_allclose(metrics["logit_error"], squared.sum() / 4, rtol=1e-4)


def test_the_night_draws_both(life_of):
    assert float(life_of("der_pp").metrics[1, "replay"]["logit_error"]) > 0
    assert float(life_of("der_pp").metrics[0, "replay"]["logit_error"]) == 0


@pytest.mark.parametrize(("dtype", "each"), [("float16", 17 + 8), ("float32", 17 + 16)])
def test_exemplars_and_logits_are_as_many_as_the_budget_pays_for(dtype, each, short):
    method = short(f"der_pp(dtype='{dtype}')")
    # 140 bytes, 4 of which count the exemplars.
    assert method.capacity == 136 // each


def test_its_bill_is_the_bytes_of_its_arrays_and_within_the_budget(life_of):
    life = life_of("der_pp")
    state = life.after[1, "keep_logits"]
    bill = life.method.bill(state)
    assert bill["logits"] == 5 * 4 * 2
    assert sum(bill.values()) == tree_bytes((state.own, state.memory.long_term)) == 5 * 25 + 4
    assert sum(bill.values()) <= life.method.parts.plan.budget_bytes < sum(bill.values()) + 25


def test_a_budget_that_is_too_small_is_refused_with_what_an_exemplar_weighs(make_method):
    with pytest.raises(ValueError, match=r"pays for 3 exemplars of 265 bytes, .* least 1064"):
        make_method(method="der_pp", budget_bytes=1000)


def test_classes_known_after_a_task_are_those_of_all_tasks_so_far(short):
    known = short("der_pp").known_after(jnp.array([1, 0]))
    assert known.tolist() == [[True] * 4, [True, True, False, False]]
