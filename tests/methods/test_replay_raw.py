"""Replay of raw images: as many as the budget pays for, and asleep nothing else."""

import pytest

from braincl_jax.memory.budget import tree_bytes
from braincl_jax.memory.working import EMPTY


def test_its_memory_weighs_no_more_than_the_budget_and_is_all_there_is_asleep(diary_of):
    diary = diary_of("replay_raw")
    memory = diary.after[1, "transfer"].memory
    weight = tree_bytes(memory.long_term)
    assert sum(diary.method.bill(diary.after[1, "transfer"]).values()) == weight <= 8_000
    assert diary.method.layout.num_stored(memory) == 31
    assert (memory.working.label == EMPTY).all()


def test_a_budget_for_less_than_an_image_a_class_is_refused(make_method):
    with pytest.raises(ValueError, match=r"budget_bytes=1000 pays for 3 raw .* at least 1032"):
        make_method(method="replay_raw", budget_bytes=1000)
