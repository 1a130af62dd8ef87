"""Joint training: everything is at hand, whatever it weighs, and nothing of it is in the state."""

import numpy as np

from braincl_jax.memory.budget import tree_bytes


def test_its_state_holds_no_image_whatever_the_budget(diary_of):
    diary = diary_of("joint")
    memory = diary.after[1, "replay"].memory
    # The count of exemplars.
    assert tree_bytes((memory.working, memory.long_term)) == 4


def test_it_pays_for_all_images_seen(diary_of):
    diary = diary_of("joint")
    bills = [diary.method.bill(diary.after[task, "replay"]) for task in (0, 1)]
    # 48 images a task, of 16x16 bytes with a byte of label.
    assert [(bill["data_set"], bill["data_set_labels"]) for bill in bills] == [
        (48 * 256, 48),
        (96 * 256, 96),
    ]
    assert sum(bills[1].values()) == 96 * 257 + 4
    assert [diary.method.num_stored(diary.after[task, "start"]) for task in (0, 1)] == [48, 96]


def test_a_night_shows_the_images_of_all_tasks_so_far(diary_of):
    for task, classes in enumerate(({0, 1}, {0, 1, 2, 3})):
        replay = diary_of("joint").phases["replay"]
        samples = [replay.batch_at(task, step) for step in range(4)]
        assert set(np.unique([sample.read.label for sample in samples]).tolist()) == classes
