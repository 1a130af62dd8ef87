"""What the methods share that learn from raw images: their capacity, their bill, their phases, their exemplars."""

import jax
import numpy as np
import pytest

from braincl_jax.methods.exemplars import ranked

# 96 images of 16x16 bytes with a byte of label; 8000 bytes pay for (8000 - 4) / 257 = 31.1 of them.
CAPACITY = {"finetune": 0, "joint": 0, "replay_raw": 31, "replay_raw_and_task": 31}


@pytest.mark.parametrize("name", CAPACITY)
def test_capacity_and_bill_by_hand(name, make_method):
    method = make_method(method=name)
    assert method.capacity == method.layout.capacity == CAPACITY[name]
    memory = jax.eval_shape(method.layout.init, jax.random.key(0))
    bill = method.layout.bill(memory)
    assert sum(bill.values()) == CAPACITY[name] * 257 + 4 <= method.parts.plan.budget_bytes


def test_a_budget_by_class_counts(make_method):
    # 4 classes: 4 * 514 + 4 bytes are 8 images and the count.
    assert make_method(method="replay_raw", bytes_per_class=515).capacity == 8


@pytest.mark.parametrize("name", CAPACITY)
def test_the_phases_are_those_of_braincl_without_a_codec(name, make_method, tiny_stream):
    phases = make_method(method=name).phases(tiny_stream)
    keep = ["keep"] if name == "replay_raw_and_task" else []
    memorise = ["memorise"] if CAPACITY[name] and not keep else []
    classify = [] if name == "joint" else ["classify"]
    names = ["start", *memorise, *classify, "transfer", "replay", *keep]
    assert [phase.name for phase in phases] == names
    counts = {"classify": "wake", "replay": "sleep"}
    assert [phase.counts_as for phase in phases] == [counts.get(one, "") for one in names]


def test_only_the_images_that_stay_are_read(make_method, tiny_stream):
    memorise = make_method(method="replay_raw").phases(tiny_stream)[1]
    # Batches of 20: all 31 slots are filled by the first task, and half of them go to the second.
    for task, number in enumerate((31, 15)):
        assert memorise.num_steps(task) == -(-number // 20)
        slots = np.concatenate([batch.index for batch in memorise.batches(task)])
        assert (slots >= 0).sum() == number


def test_images_of_a_class_are_ranked_by_their_order():
    labels = np.array([7, 3, 7, 3, 7])
    order = np.array([4, 1, 0, 3, 2])
    label, rank = np.array([3, 3, 7, 7, 7]), np.array([0, 1, 2, 0, 1])
    assert ranked(order, labels, label, rank).tolist() == [1, 3, 2, 4, 0]
