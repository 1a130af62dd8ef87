"""Learning without Forgetting: two cross-entropies, by hand, and a teacher on the bill."""

import numpy as np
import pytest

from braincl_jax.memory.budget import tree_bytes


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


@pytest.mark.parametrize(("among", "own"), [("task", [2, 3]), ("seen", [0, 1, 2, 3])])
def test_its_loss_is_that_of_the_labels_and_that_of_the_teacher(among, own, short, life_of, shown):
    method = short(f"lwf(strength=0.5, temperature=2.0, among='{among}')")
    state, images = life_of("lwf").before[1, "replay"].state, shown(1)
    losses, (_, metrics) = method.objective(state.encoder.params, images, state, None)
    logits, _ = method.logits_of(state.encoder.params, images, state, None)
    teacher = state.own["teacher"]
    taught, _ = method.parts.network.predict(
        teacher.params, teacher.batch_stats, state.consolidation.seen_classes, images.image
    )
    logits, taught = np.asarray(logits, np.float64), np.asarray(taught, np.float64)
    new = -np.log(softmax(logits[:, own]))[range(5), np.asarray(images.label) - own[0]]
    old = -(softmax(taught[:, :2] / 2) * np.log(softmax(logits[:, :2] / 2))).sum(-1)
    np.testing.assert_allclose(losses, new + 0.5 * old, rtol=1e-4)
    np.testing.assert_allclose(metrics["distillation"], old.mean(), rtol=1e-4)


def test_the_first_task_has_no_teacher_and_the_second_has_the_first_night_s_network(
    life_of, assert_same
):
    life = life_of("lwf")
    assert float(life.metrics[0, "replay"]["distillation"]) == 0
    assert float(life.metrics[1, "replay"]["distillation"]) > 0
    night, teacher = life.after[0, "replay"].encoder, life.after[1, "replay"].own["teacher"]
    assert_same((teacher.params, teacher.batch_stats), (night.params, night.batch_stats))
    assert teacher.known.tolist() == [True, True, False, False]


def test_the_teacher_is_all_it_keeps_and_is_on_the_bill(life_of):
    life = life_of("lwf")
    state = life.after[1, "keep_teacher"]
    bill = life.method.bill(state)
    # Weights and statistics of the network, and a flag for each of four classes.
    network = tree_bytes((state.encoder.params, state.encoder.batch_stats))
    assert bill["teacher"] == network + 4
    assert sum(bill.values()) == tree_bytes((state.own, state.memory.long_term))


def test_its_night_ends_with_the_keeping_of_the_teacher(life_of):
    life = life_of("lwf")
    assert [name for name, phase in life.phases.items() if phase.asleep] == [
        *("transfer", "replay", "keep_teacher"),
    ]
    assert life.traces == dict.fromkeys(life.steps, 1)


def test_settings_that_cannot_be_are_refused(short):
    with pytest.raises(ValueError, match=r"temperature=0\.0 is impossible: it must be positive"):
        short("lwf(temperature=0.0)")
    with pytest.raises(ValueError, match="among='all' is impossible: it must be one of task, seen"):
        short("lwf(among='all')")
