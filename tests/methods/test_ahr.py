"""Hybrid replay: the days and the memory of BrainCL, and nights in which the current task is raw."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from braincl_jax.memory.budget import tree_bytes
from braincl_jax.methods.ahr import AHR
from braincl_jax.types import Shown


def test_all_but_its_nights_is_as_in_braincl(diary_of, assert_same):
    ours, its = diary_of("ahr"), diary_of("braincl")
    assert list(ours.phases) == list(its.phases)
    assert ours.traces == dict.fromkeys(ours.phases, 1)
    # Cues, strings and decoders do not depend on the network.
    assert_same(
        ours.after[1, "transfer"].memory.long_term, its.after[1, "transfer"].memory.long_term
    )
    for name in set(ours.phases) - {"replay"}:
        assert ours.phases[name].num_steps(1) == its.phases[name].num_steps(1)
    assert [ours.phases["replay"].num_steps(task) for task in (0, 1)] == [4, 4]


def test_what_comes_in_is_of_the_current_task_each_of_its_classes_equally_often(
    diary_of, tiny_stream
):
    replay = diary_of("ahr").phases["replay"]
    for task, classes in enumerate(tiny_stream.spec.task_classes):
        real = tiny_stream.train_images(task, np.arange(48)).reshape(48, -1)
        label = tiny_stream.train_labels(task)
        for batch in replay.batches(task):
            draw, came_in = batch
            assert (draw.task == task).all() and (draw.slot == -1).all()
            for image, said in zip(
                came_in.image.reshape(16, -1), came_in.label.reshape(-1), strict=True
            ):
                (places,) = np.nonzero((real == image).all(1))
                assert label[places].tolist() == [said]
            # Four images a group, drawn from equal shares of two classes.
            assert [(came_in.label == one).sum() for one in classes] == [8, 8]


def test_the_first_night_sees_nothing_recalled(diary_of):
    """So it does not depend on what is in the memory."""
    diary = diary_of("ahr")
    state, batch = diary.before[0, "replay"]
    words = state.memory.long_term.words
    other = state.replace(
        memory=state.memory.replace(long_term=state.memory.long_term.replace(words=words ^ 1))
    )
    one, _ = diary.steps["replay"](state, batch)
    two, _ = diary.steps["replay"](other, batch)
    for a, b in zip(*(jax.tree.leaves(end.encoder.params) for end in (one, two)), strict=True):
        np.testing.assert_array_equal(a, b)


def test_raw_images_are_not_kept_and_its_bill_is_the_budget(diary_of):
    diary = diary_of("ahr")
    assert isinstance(diary.method, AHR)
    state = diary.after[1, "replay"]
    bill = diary.method.bill(state)
    assert sum(bill.values()) == tree_bytes(state.memory.long_term) == 8_000
    assert state.own is None


@pytest.mark.parametrize("among", ["seen", "task"])
def test_raw_images_are_told_apart_among_the_classes_that_are_named(diary_of, among):
    """Those that are recalled, always among all that are seen."""
    diary = diary_of("ahr")
    method = dataclasses.replace(diary.method, among=among)
    state, batch = diary.before[1, "replay"]
    image = batch.read.image.reshape(-1, 16, 16, 1)[:4]
    label, slot = jnp.array([2, 3, 0, 2]), jnp.array([-1, -1, 5, 6])
    shown = Shown(image, label, jnp.array([1, 1, 0, 1]), slot)
    losses, _ = method.objective(state.encoder.params, shown, state, None)
    logits, _ = method.logits_of(state.encoder.params, shown, state, None)
    of_all = optax.softmax_cross_entropy_with_integer_labels(logits, label)
    of_task = optax.softmax_cross_entropy_with_integer_labels(logits[:, 2:4], label - 2)
    raw = of_task if among == "task" else of_all
    np.testing.assert_allclose(losses, jnp.where(slot < 0, raw, of_all), rtol=1e-5)
