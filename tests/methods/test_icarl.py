"""iCaRL: a sigmoid for each class, and the nearest mean of exemplars."""

import jax
import numpy as np
import pytest

from braincl_jax.memory.budget import tree_bytes


def test_its_loss_has_labels_for_the_task_s_classes_and_the_teacher_for_older_ones(life_of, shown):
    method, state = life_of("icarl").method, life_of("icarl").before[1, "replay"].state
    images = shown(1)
    losses, _ = method.objective(state.encoder.params, images, state, None)
    logits, _ = method.logits_of(state.encoder.params, images, state, None)
    teacher = state.own["teacher"]
    taught = teacher.logits(method.parts.network, images.image)
    said = 1 / (1 + np.exp(-np.asarray(logits)))
    target = np.eye(4)[images.label]
    target[:, :2] = 1 / (1 + np.exp(-np.asarray(taught[:, :2])))
    expected = -(target * np.log(said) + (1 - target) * np.log(1 - said)).sum(-1)
    np.testing.assert_allclose(losses, expected, rtol=1e-4)


def test_classes_to_come_cost_nothing(life_of, shown):
    method, state = life_of("icarl").method, life_of("icarl").before[0, "replay"].state
    losses, _ = method.objective(state.encoder.params, shown(0), state, None)
    logits, _ = method.logits_of(state.encoder.params, shown(0), state, None)
    said = 1 / (1 + np.exp(-np.asarray(logits[:, :2])))
    own = np.eye(2)[shown(0).label]
    expected = -(own * np.log(said) + (1 - own) * np.log(1 - said)).sum(-1)
    np.testing.assert_allclose(losses, expected, rtol=1e-4)


def test_it_answers_by_the_nearest_mean_or_by_the_head(life_of, short, shown):
    life = life_of("icarl")
    state, images = life.after[1, "class_means"], shown(1).image
    nearest = life.method.predict(state, images)
    assert nearest.shape == (5, 4)
    assert ((nearest <= 0) & (nearest >= -4)).all()
    head = short("icarl(predict_by='head')")
    expected, _ = head.parts.network.predict(
        *state.encoder.evaluated, state.consolidation.seen_classes, images
    )
    np.testing.assert_array_equal(head.predict(state, images), expected)


def test_before_a_night_classes_have_no_mean(life_of, shown):
    life = life_of("icarl")
    logits = life.method.predict(life.before[1, "replay"].state, shown(1).image)
    assert (logits[:, 2:] == -1e9).all() and (logits[:, :2] >= -4).all()


def test_exemplars_have_the_budget_and_what_else_is_kept_is_billed_beside_it(life_of):
    life = life_of("icarl")
    state = life.after[1, "class_means"]
    bill = life.method.bill(state)
    # Four classes, six features.
    assert bill.pop("class_means") == 4 * 6 * 4
    assert bill.pop("teacher") == tree_bytes(state.own["teacher"])
    assert sum(bill.values()) == tree_bytes(state.memory.long_term)
    assert sum(bill.values()) <= life.method.parts.plan.budget_bytes


@pytest.mark.parametrize("by", ["head", "nearest_mean"])
def test_means_are_kept_only_where_they_answer(by, short, short_stream):
    method = short(f"icarl(predict_by='{by}')")
    names = [phase.name for phase in method.phases(short_stream)]
    assert ("class_means" in names) == (by == "nearest_mean")
    assert ("class_means" in method.init(jax.random.key(0))) == (by == "nearest_mean")
