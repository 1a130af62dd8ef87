"""Plain fine-tuning: nothing is remembered."""

import numpy as np

from braincl_jax.memory.budget import tree_bytes


def test_asleep_it_is_shown_the_task_and_nothing_else(diary_of, tiny_stream):
    diary = diary_of("finetune")
    sample = diary.phases["replay"].batch_at(1, 2)
    assert set(sample.draw.task.tolist()) == {1}
    assert (sample.draw.slot == -1).all()
    shown = sample.read.image.reshape(-1, 256)
    own = tiny_stream.train_images(1, np.arange(48)).reshape(-1, 256)
    assert all((own == image).all(1).any() for image in shown)


def test_nothing_is_remembered(diary_of):
    diary = diary_of("finetune")
    state = diary.after[1, "replay"]
    assert diary.method.num_stored(state) == 0
    assert tree_bytes((state.memory.working, state.memory.long_term)) == 4
    assert sum(diary.method.bill(state).values()) == 4
