"""Replay as exemplar methods usually do it: the task's images are at hand besides."""

import numpy as np

from braincl_jax.methods import ReplayRaw, ReplayRawAndTask


def test_it_has_the_exemplars_of_replay_raw_and_the_task(make_method):
    method = make_method(method="replay_raw_and_task")
    assert isinstance(method, ReplayRawAndTask)
    alone = ReplayRaw(parts=method.parts)
    assert method.capacity == alone.capacity
    assert (alone.at_hand(1), method.at_hand(1)) == ((), (1,))


def test_exemplars_of_older_tasks_have_the_memory_to_themselves_until_the_night_has_ended(diary_of):
    diary = diary_of("replay_raw_and_task")
    layout, capacity = diary.method.layout, diary.method.capacity
    asleep, awake = (layout.index(diary.after[1, name].memory) for name in ("replay", "keep"))
    assert set(np.asarray(asleep.task)[np.asarray(asleep.stored)].tolist()) == {0}
    assert np.asarray(asleep.stored).sum() == min(capacity, diary.method.parts.spec.task_sizes[0])
    of_tasks = np.bincount(np.asarray(awake.task)[np.asarray(awake.stored)])
    assert of_tasks.sum() == capacity and np.ptp(of_tasks) <= 2


def test_exemplars_of_other_tasks_are_recalled_and_images_of_the_task_come_in(
    diary_of, tiny_stream
):
    diary = diary_of("replay_raw_and_task")
    memory, layout = diary.after[1, "transfer"].memory, diary.method.layout
    index = layout.index(memory)
    found = set()
    for step in range(4):
        (task, slot, _), came_in = diary.phases["replay"].batch_at(1, step)
        recalled = layout.complete(memory, task, slot, came_in)
        np.testing.assert_array_equal(slot < 0, np.broadcast_to(task[:, None] == 1, slot.shape))
        stored = slot[slot >= 0]
        assert np.asarray(index.task)[stored].tolist() == [0] * len(stored)
        # Each image is of the class that it is said to be: that part of the rows is bright.
        bright = np.asarray(recalled.image, int).reshape(*slot.shape, 4, -1).sum(-1).argmax(-1)
        original = np.array(tiny_stream.class_order)[np.asarray(recalled.label)]
        np.testing.assert_array_equal(bright, original)
        found |= set(np.unique(recalled.label).tolist())
    assert found == {0, 1, 2, 3}
