"""Replay of raw images: as many as the budget pays for, and asleep nothing else."""

import numpy as np
import pytest

from braincl_jax.memory.budget import tree_bytes


def pixels(diary, task: int) -> np.ndarray:
    """The exemplars after a task, flat."""
    return np.asarray(diary.after[task, "memorise"].memory.long_term.images.image).reshape(31, -1)


def places(images: np.ndarray, among: np.ndarray) -> list[int]:
    """Where each image is among others; -1 if nowhere."""
    same = (images[:, None] == among[None]).all(-1)
    return np.where(same.any(1), same.argmax(1), -1).tolist()


def test_its_memory_weighs_no_more_than_the_budget_and_is_all_there_is_asleep(diary_of):
    diary = diary_of("replay_raw")
    state = diary.after[1, "transfer"]
    weight = tree_bytes((state.memory.working, state.memory.long_term))
    assert sum(diary.method.bill(state).values()) == weight <= 8_000
    assert diary.method.num_stored(state) == 31
    assert diary.phases["replay"].batch_at(1, 0) is None


def test_exemplars_are_images_of_the_tasks_with_their_labels_in_equal_numbers(
    diary_of, tiny_stream
):
    diary = diary_of("replay_raw")
    everything = [tiny_stream.train_images(task, np.arange(48)).reshape(48, -1) for task in (0, 1)]
    labels = np.concatenate([tiny_stream.train_labels(task) for task in (0, 1)])
    for task, expected in enumerate(([16, 15, 0, 0], [8, 8, 8, 7])):
        where = places(pixels(diary, task), np.concatenate(everything))
        assert -1 not in where
        assert len(set(where)) == 31
        index = diary.method.layout.index(diary.after[task, "memorise"].memory)
        assert index.stored.all()
        assert index.label.tolist() == labels[where].tolist()
        assert np.bincount(index.label, minlength=4).tolist() == expected


def test_an_exemplar_stays_in_its_slot_or_does_not_come_back(diary_of, tiny_stream):
    old, new = (pixels(diary_of("replay_raw"), task) for task in (0, 1))
    stay = (old == new).all(1)
    assert stay.sum() == 16
    task = tiny_stream.train_images(1, np.arange(48)).reshape(48, -1)
    assert -1 not in places(new[~stay], task)


def test_a_budget_for_less_than_an_image_a_class_is_refused(make_method):
    with pytest.raises(
        ValueError, match=r"budget_bytes=1000 pays for 3 exemplars .* at least 1032"
    ):
        make_method(method="replay_raw", budget_bytes=1000)


def test_another_seed_keeps_other_images(make_method, tiny_stream):
    kept = [
        make_method(method="replay_raw", seed=seed).phases(tiny_stream)[1].batch_at(0, 0).image
        for seed in (0, 0, 1)
    ]
    assert (kept[0] == kept[1]).all()
    assert (kept[0] != kept[2]).any()
