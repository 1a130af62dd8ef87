"""What the methods share that keep raw images: their capacity, their bill, their phases."""

import jax
import pytest

# 96 images of 16x16 bytes with a byte of label; 8000 bytes pay for (8000 - 4) / 257 = 31.1 of them.
CAPACITY = {"finetune": 0, "joint": 96, "replay_raw": 31, "replay_raw_and_task": 31}
KEEPS = {"finetune", "replay_raw_and_task"}


@pytest.mark.parametrize("name", CAPACITY)
def test_capacity_and_bill_by_hand(name, make_method):
    method = make_method(method=name)
    assert method.capacity == method.layout.capacity == CAPACITY[name]
    assert method.layout.keeps_task == method.keeps_task == (name in KEEPS)
    memory = method.layout.init(jax.random.key(0))
    bill = method.layout.bill(memory)
    assert sum(bill.values()) == CAPACITY[name] * 257 + 4
    if name.startswith("replay_raw"):
        assert sum(bill.values()) <= method.parts.plan.budget_bytes


def test_a_budget_by_class_counts(make_method):
    # 4 classes: 4 * 514 + 4 bytes are 8 images and the count.
    assert make_method(method="replay_raw", bytes_per_class=515).capacity == 8


def test_the_phases_are_those_of_braincl_without_a_codec(make_method, tiny_stream):
    phases = make_method(method="replay_raw").phases(tiny_stream)
    assert [phase.name for phase in phases] == [
        *("start", "memorise", "classify", "transfer", "replay"),
    ]
    assert [phase.counts_as for phase in phases] == ["", "", "wake", "", "sleep"]
