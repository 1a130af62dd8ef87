"""Weight aligning: a weighted loss, weights that are not negative."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.memory.budget import tree_bytes


def test_slow_weights_follow_the_clipped_head(short, short_stream, life_of):
    method = short("wa", slow_decay=0.1)
    state, batch = life_of("wa").before[1, "replay"]
    slow = {"params": state.encoder.params, "batch_stats": state.encoder.batch_stats}
    state = state.replace(encoder=state.encoder.replace(slow=slow))
    before = slow["params"]["head"]["kernel"]
    phases = {phase.name: phase for phase in method.phases(short_stream)}
    encoder = jax.jit(phases["replay"])(state, batch)[0].encoder
    fast, after = encoder.params["head"]["kernel"], encoder.slow["params"]["head"]["kernel"]
    assert (fast >= 0).all()
    np.testing.assert_allclose(after, 0.1 * before + 0.9 * fast, rtol=1e-5, atol=1e-7)


def test_the_teacher_is_aligned_as_well(life_of, assert_same):
    life = life_of("wa")
    state = life.after[1, "keep_teacher"]
    assert_same(state.own["teacher"].params, life.after[1, "align"].encoder.params)


def test_the_more_is_old_the_more_the_teacher_counts(life_of, shown):
    method, state = life_of("wa").method, life_of("wa").before[1, "replay"].state
    losses, (_, metrics) = method.objective(state.encoder.params, shown(1), state, None)
    logits, _ = method.logits_of(state.encoder.params, shown(1), state, None)
    new = -jax.nn.log_softmax(logits)[jnp.arange(5), shown(1).label].mean()
    # Two of four classes are old.
    np.testing.assert_allclose(losses.mean(), new / 2 + metrics["distillation"] / 2, rtol=1e-5)


def test_where_classes_recur_labels_count_all_the_same(life_of, shown):
    method, state = life_of("wa").method, life_of("wa").before[1, "replay"].state
    teacher = state.own["teacher"]
    recurring = teacher.replace(known=method.parts.spec.are_of(1))
    state = state.replace(own={**state.own, "teacher": recurring})
    losses, _ = method.objective(state.encoder.params, shown(1), state, None)
    logits, _ = method.logits_of(state.encoder.params, shown(1), state, None)
    new = -jax.nn.log_softmax(logits)[jnp.arange(5), shown(1).label]
    np.testing.assert_allclose(losses, new, rtol=1e-5)


@pytest.mark.parametrize("clip", [True, False])
def test_the_head_s_weights_are_not_negative_if_it_clips(clip, short, life_of):
    state = life_of("wa").before[0, "transfer"].state
    kernel = short(f"wa(clip={clip})").after_update(state).encoder.params["head"]["kernel"]
    old = state.encoder.params["head"]["kernel"]
    assert (old < 0).any()
    np.testing.assert_array_equal(kernel, jnp.maximum(old, 0) if clip else old)
    assert (life_of("wa").after[0, "replay"].encoder.params["head"]["kernel"] >= 0).all()


def test_exemplars_have_the_budget_and_the_teacher_is_billed_beside_it(life_of):
    life = life_of("wa")
    state = life.after[1, "keep_teacher"]
    bill = life.method.bill(state)
    assert bill.pop("teacher") == tree_bytes(state.own)
    assert sum(bill.values()) == tree_bytes(state.memory.long_term)
    assert sum(bill.values()) == life.method.parts.plan.budget_bytes
